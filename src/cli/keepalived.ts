/**
 * `sluice keepalived`, and sluice called by that name: keepalived's command line. `-t` judges a configuration in
 * keepalived's words and with its status; without it this is the daemon.
 */
import { appendFileSync, existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { type KeepalivedOptions, readCommandLine, usage } from './keepalived/options.ts'
import { DEFAULT_CONFIGURATION_FILE } from './run.ts'
import { VERSION } from './version.ts'

/** Whose behaviour it is; scripts look for the number. */
const KEEPALIVED_VERSION = '2.2.7'
/** STATS_CLEAR and JSON are real-time signals, counted from the ends of their range. */
const SIGNALS: Readonly<Record<string, number>> = {
  STOP: 15,
  RELOAD: 1,
  DATA: 10,
  STATS: 12,
  STATS_CLEAR: 63,
  JSON: 36,
}

/** For the list of commands; what it does is looked for in `drop-in.ts` first. */
export function addKeepalived(sluice: Command): void {
  sluice
    .command('keepalived')
    .summary('be keepalived: its options, its messages, its status')
    .helpOption(false)
    .argument('[WORDS...]', 'see sluice keepalived --help')
}

/** Resolves to the exit status. keepalived prints everything but the number of a signal on standard error. */
export async function keepalived(argv: readonly string[]): Promise<number> {
  const say = (text: string) => void process.stderr.write(`${text}\n`)
  const read = readCommandLine(argv)
  if ('error' in read) {
    say(read.error)
    return 1
  }
  const { options, rest } = read
  if (rest.length > 0) say(`Unexpected argument(s): ${rest.join(' ')} `)
  if (options.version) say(`Keepalived v${KEEPALIVED_VERSION} (sluice ${VERSION})`)
  else if (options.help) process.stderr.write(usage())
  else if (options.signal !== undefined) return tellSignal(options.signal, say)
  else if (options.configTest !== undefined) return await testConfiguration(options)
  else return await daemon(options)
  return 0
}

function tellSignal(word: string, say: (text: string) => void): number {
  const number = Object.hasOwn(SIGNALS, word) ? SIGNALS[word] : undefined
  if (number === undefined) {
    say(`Unknown sigfunc ${word}`)
    return 1
  }
  process.stdout.write(`${number}\n`)
  return 0
}

async function testConfiguration(options: KeepalivedOptions): Promise<number> {
  const { file, configId, allFiles, configTest, namespace } = options
  const { keepalivedTest } = await import('../config/keepalived-test.ts')
  const { thisHost } = await import('./this-host.ts')
  const host = thisHost()
  const { status, messages } = keepalivedTest(file ?? DEFAULT_CONFIGURATION_FILE, {
    configId: configId ?? hostname().split('.')[0],
    environment: process.env,
    allFiles: allFiles ?? false,
    namespace,
    hasNamespace: name => existsSync(`/run/netns/${name}`),
    hasInterface: name => host.interfaces.some(each => each.name === name),
  })
  const text = messages.map(message => `${message}\n`).join('')
  if (typeof configTest === 'string') appendFileSync(configTest, text)
  else process.stderr.write(text)
  return status
}

/** In the foreground, or in the background after a fork as daemons have always done it. */
async function daemon(options: KeepalivedOptions): Promise<number> {
  const { runKeepalived } = await import('./keepalived/run.ts')
  return await runKeepalived({ ...options, file: options.file ?? DEFAULT_CONFIGURATION_FILE })
}
