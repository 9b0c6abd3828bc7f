import { ipFamily } from '../bytes/address.ts'
import type { SyncDaemon } from '../model/virtual-service.ts'

const UDP_HEADER_BYTES = 8
const MASTER_MTU = 1500
const BACKUP_MESSAGE_MIN = 1024

/** The kernel's limits on a synchronisation message (start_sync_thread), for an interface's MTU; 0 asks for its choice. */
export function syncMessageLength(daemon: SyncDaemon, mtu: number): number {
  const headers = (ipFamily(daemon.group) === 6 ? 40 : 20) + UDP_HEADER_BYTES
  const isBackup = daemon.role === 'backup'
  if (daemon.maxLength === 0) return (isBackup ? Math.min(Math.max(mtu, MASTER_MTU), 65535) : MASTER_MTU) - headers
  return Math.min(Math.max(daemon.maxLength, isBackup ? BACKUP_MESSAGE_MIN : 1), 65535 - headers)
}
