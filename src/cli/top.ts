import { type Command, InvalidArgumentError } from 'commander'

export function addTop(sluice: Command): void {
  sluice
    .command('top')
    .summary('what flows, live')
    .description(
      'Show who is active, and connections and rates of services and servers, the busiest first, until q or Ctrl-C.\n' +
        'On no terminal, one picture after the other.',
    )
    .option('-1, --once', 'one picture, with the rates of the last seconds')
    .option('-n, --interval <SECONDS>', 'a picture this often; 2 if not said', seconds)
    .action(async ({ once = false, interval = 2 }: { once?: boolean; interval?: number }) => {
      const { showTop } = await import('./show-top.ts')
      await showTop(once ? undefined : interval)
    })
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value >= 0.1 && value <= 3600)) throw new InvalidArgumentError('It is a number of seconds from 0.1 to 3600.')
  return value
}
