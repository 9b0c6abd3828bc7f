/**
 * The synchronisation daemons of a namespace. In ip_vs they are kernel threads; here each is a process of its own, which
 * outlives whoever started it. It holds a lock on a file that says what it does, so that everybody sees it and nobody
 * takes a dead one for alive:
 *
 *   /run/sluice/<namespace cookie>/sync-master, sync-backup
 */
import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  constants as FILE,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SyncDaemon } from '../model/virtual-service.ts'
import { isKernelError } from './errors.ts'
import { call, errno, recv, refused, socketpair } from './libc.ts'
import { tryLock } from './lock.ts'
import { runtimeDirectory } from './runtime-directory.ts'
import { AF_UNIX, SO_RCVTIMEO, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET, setOption } from './socket.ts'

export const SYNC_DAEMON_COMMAND = 'sync-daemon'
/** The descriptor on which a daemon tells whoever started it that it runs, or why it does not. */
export const SYNC_STARTED_FD = 3

const ROLES = ['master', 'backup'] as const
const START_PATIENCE_S = 60
const STOP_PATIENCE_MS = 5000
const LOOK_AGAIN_MS = 5

interface Notice {
  readonly pid: number
  readonly daemon: SyncDaemon
}

/** Those that run in the namespace, the master first. */
export function runningSyncDaemons(cookie?: bigint): readonly SyncDaemon[] {
  return ROLES.flatMap(role => notice(role, cookie)?.daemon ?? [])
}

/** Starts one, and waits until it runs. Throws what kept it from running, EEXIST if one does already. */
export function startSyncDaemon(daemon: SyncDaemon): void {
  const operation = `start a ${daemon.role} sync daemon`
  const ends = new Int32Array(2)
  call(operation, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends))
  const [ours, theirs] = [ends[0]!, ends[1]!]
  let child: ReturnType<typeof spawn>
  try {
    child = spawn(process.execPath, [executable(), SYNC_DAEMON_COMMAND, JSON.stringify(daemon)], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'ignore', theirs],
    })
    child.once('error', () => {}) // said below: it has told us nothing
    child.unref()
  } finally {
    closeSync(theirs)
  }
  try {
    setOption(
      ours,
      operation,
      SOL_SOCKET,
      SO_RCVTIMEO,
      new Uint8Array(BigInt64Array.of(BigInt(START_PATIENCE_S), 0n).buffer),
    )
    const answer = new Uint8Array(4)
    let length: number
    // A socket with a patience of its own is never gone back to after a signal (signal(7)), of another child's end, say.
    do length = recv(ours, answer, answer.length, 0)
    while (length < 0 && errno() === constants.errno.EINTR)
    // Nothing at all: the process is gone, or hangs.
    if (length !== answer.length) {
      child.kill('SIGKILL')
      throw refused(operation, constants.errno.EAGAIN)
    }
    const number = new DataView(answer.buffer).getInt32(0, true)
    if (number !== 0) throw refused(operation, number)
  } finally {
    closeSync(ours)
  }
}

/** Ends one, and waits until it is gone. False if none runs. */
export function stopSyncDaemon(role: SyncDaemon['role'], cookie?: bigint): boolean {
  const running = notice(role, cookie)
  if (running === undefined) return false
  signal(running.pid, 'SIGTERM')
  const patience = Date.now() + STOP_PATIENCE_MS
  while (notice(role, cookie)?.pid === running.pid) {
    if (Date.now() > patience) signal(running.pid, 'SIGKILL')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS)
  }
  return true
}

/** What a daemon's own process does first: it is the one of its role from now on, until it ends. False if there is one. */
export function announceSyncDaemon(daemon: SyncDaemon): boolean {
  mkdirSync(runtimeDirectory(), { recursive: true, mode: 0o755 })
  const fd = openSync(path(daemon.role), FILE.O_RDWR | FILE.O_CREAT, 0o644)
  // Somebody who is just looking holds the lock for an instant.
  for (let tries = 0; !tryLock(fd); tries++) {
    if (tries === 40) {
      closeSync(fd)
      return false
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS)
  }
  ftruncateSync(fd, 0)
  writeSync(fd, JSON.stringify({ pid: process.pid, daemon } satisfies Notice))
  return true
}

/** The last thing that a daemon's own process does. */
export function withdrawSyncDaemon(role: SyncDaemon['role']): void {
  unlinkSync(path(role))
}

/** The errno that whoever started a daemon is to hear. */
export function startErrno(error: unknown): number {
  return isKernelError(error) ? error.errno : constants.errno.EIO
}

function path(role: SyncDaemon['role'], cookie?: bigint): string {
  return join(runtimeDirectory(cookie), `sync-${role}`)
}

function notice(role: SyncDaemon['role'], cookie?: bigint): Notice | undefined {
  let fd: number
  try {
    fd = openSync(path(role, cookie), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    // Nobody holds it: what is written there is a dead process's.
    if (tryLock(fd)) return undefined
    const text = readFileSync(fd, 'utf8')
    return text === '' ? undefined : (JSON.parse(text) as Notice)
  } finally {
    closeSync(fd)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has just ended.
  }
}

/** This program, whatever name it was called by: from the bundle, or from the sources beside it. */
function executable(): string {
  const candidates = ['../bin/sluice', '../../bin/sluice'].map(name => fileURLToPath(new URL(name, import.meta.url)))
  const found = candidates.find(existsSync)
  if (found === undefined) throw new Error(`bin/sluice is not beside ${import.meta.url}`)
  return found
}
