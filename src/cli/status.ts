import type { Command } from 'commander'
import { Failure } from '../diagnostics/failure.ts'

export function addStatus(sluice: Command): void {
  sluice
    .command('status')
    .summary('who is active, what is up')
    .description('Ask the daemon of this network namespace who is active and what is up.')
    .option('--json', 'for programs: the whole snapshot')
    .action(async ({ json = false }: { json?: boolean }) => {
      const { NoDaemonError, requestStatus } = await import('../daemon/control-client.ts')
      const { renderSnapshot } = await import('../observe/render-snapshot.ts')
      const snapshot = await requestStatus().catch(error => {
        throw error instanceof NoDaemonError ? new Failure(error.message) : error
      })
      process.stdout.write(json ? `${JSON.stringify(snapshot, undefined, 2)}\n` : renderSnapshot(snapshot))
    })
}
