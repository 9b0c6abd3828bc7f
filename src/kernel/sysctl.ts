/**
 * Kernel parameters by the names that sysctl(8) has for them: `net.ipv4.conf.lo.arp_ignore`.
 *
 * As there, a slash stands for a dot within a part: `net.ipv4.conf.eth0/100.arp_ignore` is interface `eth0.100`'s.
 * Parameters under `net` belong to the network namespace of the calling thread.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { attempt } from './libc.ts'

/** Its value without the line's end. ENOENT if the kernel has no such parameter. */
export function readSysctl(name: string): string {
  return attempt(`read the kernel parameter ${name}`, () => readFileSync(pathOf(name), 'utf8').trimEnd())
}

/** EINVAL if the kernel does not take the value. */
export function writeSysctl(name: string, value: string | number): void {
  attempt(`set the kernel parameter ${name} to ${value}`, () => writeFileSync(pathOf(name), `${value}\n`))
}

function pathOf(name: string): string {
  const parts = name.split('.').map(part => part.replaceAll('/', '.'))
  if (parts.some(part => part === '' || part === '.' || part === '..')) {
    throw new RangeError(`"${name}" does not name a kernel parameter`)
  }
  return `/proc/sys/${parts.join('/')}`
}
