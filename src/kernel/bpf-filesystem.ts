/**
 * The bpffs in which tables are pinned: maps, programs and links that outlive their maker have a name there.
 *
 * sluice mounts its own, at /run/sluice/bpf, in the mount namespace of process 1: `ip netns exec` gives every command a
 * mount namespace of its own, and a mount made in there would be gone with it. Where mounts do not propagate, the same
 * place is reached through /proc/1/root.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, statfsSync } from 'node:fs'

import { call, mount } from './libc.ts'

const MOUNT_POINT = '/run/sluice/bpf'
const PLACES: readonly string[] = [MOUNT_POINT, `/proc/1/root${MOUNT_POINT}`]
const BPF_FS_MAGIC = 0xcafe4a11

/** The path of the bpffs, mounted if it is not. Wants root. */
export function bpfFilesystem(): string {
  const there = PLACES.find(isMounted)
  if (there !== undefined) return there
  mountForAll()
  const made = PLACES.find(isMounted)
  if (made !== undefined) return made
  // No way into process 1's namespace, as in some containers: then this one's must do.
  mkdirSync(MOUNT_POINT, { recursive: true })
  call(`mount a bpf filesystem on ${MOUNT_POINT}`, mount('bpf', MOUNT_POINT, 'bpf', 0, 'mode=700'))
  return MOUNT_POINT
}

function isMounted(path: string): boolean {
  try {
    return statfsSync(path).type === BPF_FS_MAGIC
  } catch {
    return false
  }
}

/** Only a process with one thread may enter a mount namespace, so others do it for us. */
function mountForAll(): void {
  const inFirst = ['--mount=/proc/1/ns/mnt', '--']
  spawnSync('nsenter', [...inFirst, 'mkdir', '-p', MOUNT_POINT])
  // Somebody else may have mounted it meanwhile; a second mount on top would hide theirs.
  spawnSync('nsenter', [
    ...inFirst,
    'sh',
    '-c',
    `stat -f -c %t ${MOUNT_POINT} | grep -q ${BPF_FS_MAGIC.toString(16)} || mount -t bpf -o mode=700 bpf ${MOUNT_POINT}`,
  ])
}
