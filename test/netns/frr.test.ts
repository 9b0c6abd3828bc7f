/** `sluice run` and FRR's vrrpd on one segment: each takes over from the other, whichever is the better. */
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ip, ip, ipFamily } from '../../src/bytes/address.ts'
import { inNamespace } from '../../src/kernel/namespace.ts'
import { Frr, frrIsMissing } from './frr.ts'
import { type Router, Routers, until, VIP } from './routers.ts'

const skip = process.getuid?.() !== 0 ? 'not root: network namespaces cannot be made' : frrIsMissing

const SETTINGS = [
  { name: 'version 2', version: 2, intervalMs: 1000, address: VIP },
  { name: 'version 3', version: 3, intervalMs: 200, address: VIP },
  { name: 'IPv6', version: 3, intervalMs: 200, address: ip('2001:db8::249') },
] as const

function configuration(version: number, intervalMs: number, priority: number, address: Ip): string {
  return `vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    version ${version}
    priority ${priority}
    advert_int ${intervalMs / 1000}
    virtual_ipaddress {
        ${address}
    }
}
`
}

describe('sluice beside FRR', { concurrency: 2, skip }, () => {
  for (const { name, version, intervalMs, address } of SETTINGS) {
    for (const [better, ours, theirs] of [
      ['sluice', 200, 50],
      ['FRR', 50, 200],
    ] as const) {
      test(`${name}, ${better} the better: takes over, is stopped, returns, is killed`, async () => {
        await using routers = new Routers(`frr-${version}-${ipFamily(address)}-${better}`)
        const { a, b } = routers
        if (ipFamily(address) === 6) await settleIpv6(a, b)
        await using frr = new Frr(a, { version, intervalMs, priority: theirs, address })
        b.configure(configuration(version, intervalMs, ours, address))
        await frr.start()
        await frr.is('Master', () => b.log)
        b.runSluice()
        const explain = () => b.log
        const sluiceIsActive = () => until(() => b.has(address), `${address} is with sluice`, explain)
        const frrIsActive = async () => {
          await frr.is('Master', explain)
          await until(() => !b.has(address), `${address} is not with sluice`, explain)
        }
        if (better === 'sluice') {
          await sluiceIsActive()
          await frr.is('Backup', explain)
          await b.end()
          await frrIsActive()
          b.runSluice()
          await sluiceIsActive()
          await frr.is('Backup', explain)
          await b.end('SIGKILL')
          await frr.is('Master', explain)
        } else {
          await b.says(/master set to/)
          await frrIsActive()
          await frr.stop()
          await sluiceIsActive()
          await frr.start()
          await frrIsActive()
          await frr.stop('SIGKILL')
          await sluiceIsActive()
        }
      })
    }
  }
})

/** The link-local address is tentative for a second, and advertisements need it. */
async function settleIpv6(...routers: readonly Router[]): Promise<void> {
  for (const { namespace } of routers)
    inNamespace(namespace, () => {
      for (const name of ['all', 'default', 'eth0']) spawnSync('sysctl', ['-qw', `net.ipv6.conf.${name}.accept_dad=0`])
      spawnSync('ip', ['link', 'set', 'eth0', 'down'])
      spawnSync('ip', ['link', 'set', 'eth0', 'up'])
    })
  await sleep(300)
}
