import type { Command } from 'commander'
import type { SyncDaemon } from '../model/virtual-service.ts'

/** `ipvsadm --start-daemon` starts this executable again with these words; nobody else has a use for it. */
export function addSyncDaemon(sluice: Command): void {
  sluice.command('sync-daemon <SETTINGS>', { hidden: true }).action(async (settings: string) => {
    const { runSyncDaemon } = await import('../daemon/run-sync-daemon.ts')
    runSyncDaemon(JSON.parse(settings) as SyncDaemon)
  })
}
