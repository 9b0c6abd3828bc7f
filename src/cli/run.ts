import type { Command } from 'commander'

export const DEFAULT_CONFIGURATION_FILE = '/etc/keepalived/keepalived.conf'

export function addRun(sluice: Command): void {
  sluice
    .command('run')
    .summary('the daemon, in the foreground')
    .description('Elect, check the real servers, and keep addresses and services in step, until told to stop.')
    .option('-f, --file <FILE>', 'the configuration', DEFAULT_CONFIGURATION_FILE)
    .option('-D, --log-detail', 'log what keepalived calls detail', false)
    .action(async (options: { file: string; logDetail: boolean }) => {
      const { run } = await import('../daemon/run.ts')
      process.exitCode = await run(options)
    })
}

/** The supervisor's children are this executable again; nobody else has a use for it. */
export function addDaemonChild(sluice: Command): void {
  sluice.command('daemon-child <ROLE>', { hidden: true }).action(async (role: 'elections' | 'checkers') => {
    const { runChild } = await import('../daemon/child.ts')
    await runChild(role)
  })
}
