import type { Command } from 'commander'
import { Failure } from '../diagnostics/failure.ts'

export function addDrain(sluice: Command): void {
  sluice
    .command('drain <SERVER>')
    .summary('take a real server out of service')
    .description(
      'Give a real server (ADDRESS or ADDRESS:PORT) no new connections, in all services that have it. Those it has go on. It stays so through reloads, until undrain or the end of the daemon.',
    )
    .action(async (server: string) => await ask('drain', server))
  sluice
    .command('undrain <SERVER>')
    .summary('and put it back')
    .description('Give a drained real server new connections again.')
    .action(async (server: string) => await ask('undrain', server))
}

async function ask(command: 'drain' | 'undrain', server: string): Promise<void> {
  const { NoDaemonError, RefusedError, requestDrain } = await import('../daemon/control-client.ts')
  const servers = await requestDrain(command, server).catch(error => {
    throw error instanceof NoDaemonError || error instanceof RefusedError ? new Failure(error.message) : error
  })
  const state = command === 'drain' ? 'drained: no new connections' : 'in service'
  for (const one of servers) process.stdout.write(`${one} ${state}\n`)
}
