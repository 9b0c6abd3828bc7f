/** The process of a synchronisation daemon, from its start to SIGTERM or the end of the table. */
import { closeSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { openServiceTable, serviceTableExists } from '../kernel/service-table.ts'
import { announceSyncDaemon, SYNC_STARTED_FD, startErrno, withdrawSyncDaemon } from '../kernel/sync-daemons.ts'
import type { SyncDaemon } from '../model/virtual-service.ts'
import { startSyncLoop } from './sync-loop.ts'
import { openSystemLog } from './system-log.ts'

const TABLE_EVERY_MS = 2000

/** Tells whoever started it, on SYNC_STARTED_FD, the errno that kept it from starting, or 0. */
export function runSyncDaemon(daemon: SyncDaemon): void {
  try {
    start(daemon)
  } catch (error) {
    tell(startErrno(error))
    throw error
  }
}

function start(daemon: SyncDaemon): void {
  if (!announceSyncDaemon(daemon)) {
    tell(constants.errno.EEXIST)
    return
  }
  const table = openServiceTable()
  const log = openSystemLog()
  const loop = startSyncLoop(table, daemon, text => log({ ident: 'IPVS', text, detail: false, atMs: Date.now() }))
  const end = () => {
    loop.stop()
    withdrawSyncDaemon(daemon.role)
    process.exit(0)
  }
  process.on('SIGTERM', end)
  setInterval(() => {
    if (!serviceTableExists()) end()
  }, TABLE_EVERY_MS)
  tell(0)
}

function tell(errno: number): void {
  writeSync(SYNC_STARTED_FD, new Uint8Array(Int32Array.of(errno).buffer))
  closeSync(SYNC_STARTED_FD)
}
