import type { Command } from 'commander'
import { Failure } from '../diagnostics/failure.ts'

export function addStatus(sluice: Command): void {
  sluice
    .command('status')
    .summary('who is active, what is up, what flows')
    .description('Ask the daemon of this network namespace who is active and what is up, and its table what flows.')
    .option('--json', 'for programs: the whole snapshot')
    .action(async ({ json = false }: { json?: boolean }) => {
      const { NoDaemonError, requestStatus } = await import('../daemon/control-client.ts')
      const { renderSnapshot } = await import('../observe/render-snapshot.ts')
      const snapshot = await requestStatus().catch(error => {
        throw error instanceof NoDaemonError ? new Failure(error.message) : error
      })
      const { trafficHere } = await import('./traffic-here.ts')
      const traffic = trafficHere(snapshot.virtualServers)
      const text = json
        ? `${JSON.stringify({ ...snapshot, traffic }, undefined, 2)}\n`
        : renderSnapshot(snapshot, traffic)
      process.stdout.write(text)
    })
}
