import type { Command } from 'commander'
import { Failure } from '../diagnostics/failure.ts'
import { DEFAULT_CONFIGURATION_FILE } from './run.ts'

interface Options {
  readonly json?: boolean
  readonly elsewhere?: boolean
  readonly explain?: string
}

export function addCheck(sluice: Command): void {
  sluice
    .command('check')
    .summary('judge a configuration')
    .description(
      'Judge configurations: what is wrong, where, and what would mend it. Two files are also judged as a pair of\n' +
        'routers. Status 0: sound, 1: errors.',
    )
    .argument('[FILE...]', `what to judge; ${DEFAULT_CONFIGURATION_FILE} if nothing is said`)
    .option('--json', 'for programs: an array of diagnostics')
    .option('--explain <CODE>', 'what a diagnostic means, and how to mend it')
    .option('--elsewhere', 'it is for another machine: leave interfaces and scripts of this one out')
    .action(async (files: string[], options: Options) => {
      const { explain, json = false, elsewhere = false } = options
      if (explain !== undefined) {
        const { explanation } = await import('../diagnostics/explanation.ts')
        const { text, found } = explanation(explain)
        if (!found) throw new Failure(text, 2)
        process.stdout.write(text)
        return
      }
      const { judgeFiles } = await import('./judge-files.ts')
      const host = elsewhere ? undefined : (await import('./this-host.ts')).thisHost()
      const colour = process.stdout.isTTY === true
      const verdict = judgeFiles(files.length === 0 ? [DEFAULT_CONFIGURATION_FILE] : files, { json, colour, host })
      process.stdout.write(verdict.text)
      process.exitCode = verdict.sound ? 0 : 1
    })
}
