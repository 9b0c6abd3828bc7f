/**
 * keepalived's command line (2.2.7), read as getopt_long() reads it: short options may be joined, a long one may be cut
 * as long as it stays unique, and the argument of `-t` must be joined to it.
 */

interface Option {
  readonly long: string
  readonly short: string | undefined
  readonly argument: 'none' | 'required' | 'optional'
  /** What stands for the argument in the usage. */
  readonly shown: string
  readonly summary: string
}

/** What was given; the last one of a kind counts. An option without its optional argument is `true`. */
export interface KeepalivedOptions {
  readonly file?: string
  readonly onlyVrrp?: true
  readonly onlyCheckers?: true
  readonly noBfd?: true
  readonly allProcesses?: true
  readonly logConsole?: true
  readonly logDetail?: true
  readonly logFacility?: string
  readonly noSyslog?: true
  readonly umask?: string
  readonly releaseVips?: true
  readonly keepVrrp?: true
  readonly keepIpvs?: true
  readonly noRespawn?: true
  readonly foreground?: true
  readonly dumpConfiguration?: true
  readonly pidFile?: string
  readonly vrrpPidFile?: string
  readonly genhash?: true
  readonly checkersPidFile?: string
  readonly logAddresses?: true
  readonly bfdPidFile?: string
  readonly snmp?: true
  readonly snmpSocket?: string
  readonly namespace?: string
  readonly coreDump?: true
  readonly coreDumpPattern?: string | true
  readonly allFiles?: true
  readonly configId?: string
  readonly signal?: string
  readonly configTest?: string | true
  readonly version?: true
  readonly help?: true
}

type OptionName = keyof KeepalivedOptions

/** In the order of the usage. */
const OPTIONS: Readonly<Record<OptionName, Option>> = {
  file: takes('use-file', 'f', 'FILE', 'read this configuration, not /etc/keepalived/keepalived.conf'),
  onlyVrrp: flag('vrrp', 'P', 'VRRP only'),
  onlyCheckers: flag('check', 'C', 'health checks only'),
  noBfd: flag('no_bfd', 'B', 'no BFD'),
  allProcesses: flag('all', undefined, 'every process, also those without configuration'),
  logConsole: flag('log-console', 'l', 'log to the console'),
  logDetail: flag('log-detail', 'D', 'log in detail'),
  logFacility: takes('log-facility', 'S', 'FACILITY', 'syslog facility: 0 to 7, local0 to local7, user, daemon'),
  noSyslog: flag('no-syslog', 'G', 'do not log to syslog'),
  umask: takes('umask', 'u', 'MASK', 'for the files that are made'),
  releaseVips: flag('release-vips', 'X', 'give the addresses up on a signal'),
  keepVrrp: flag('dont-release-vrrp', 'V', 'leave addresses and routes when stopped'),
  keepIpvs: flag('dont-release-ipvs', 'I', 'leave the services when stopped'),
  noRespawn: flag('dont-respawn', 'R', 'do not start a process that died again'),
  foreground: flag('dont-fork', 'n', 'stay in the foreground'),
  dumpConfiguration: flag('dump-conf', 'd', 'write the configuration to the log'),
  pidFile: takes('pid', 'p', 'FILE', "the parent's pid file"),
  vrrpPidFile: takes('vrrp_pid', 'r', 'FILE', "the VRRP process's"),
  genhash: flag('genhash', 'T', 'be genhash; the first option if at all'),
  checkersPidFile: takes('checkers_pid', 'c', 'FILE', "the health checkers'"),
  logAddresses: flag('address-monitoring', 'a', 'log every address that comes or goes'),
  bfdPidFile: takes('bfd_pid', 'b', 'FILE', "the BFD process's"),
  snmp: flag('snmp', 'x', 'be an SNMP agent'),
  snmpSocket: takes('snmp-agent-socket', 'A', 'FILE', 'of the master agent'),
  namespace: takes('namespace', 's', 'NAME', 'run in this network namespace'),
  coreDump: flag('core-dump', 'm', 'dump core on a crash'),
  coreDumpPattern: optional('core-dump-pattern', 'M', 'PATTERN', 'and set the core pattern'),
  allFiles: flag('all-config', 'e', 'an included file that is missing is an error'),
  configId: takes('config-id', 'i', 'ID', 'which lines that begin with @ count; the name of the node'),
  signal: takes(
    'signum',
    undefined,
    'WORD',
    'print the number of the signal for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON',
  ),
  configTest: optional('config-test', 't', 'FILE', 'judge the configuration, messages to FILE or standard error'),
  version: flag('version', 'v', 'print the version'),
  help: flag('help', 'h', 'print this'),
}

export type CommandLine =
  | { readonly options: KeepalivedOptions; readonly rest: readonly string[] }
  /** The complaint, as keepalived words it. */
  | { readonly error: string }

export function readCommandLine(argv: readonly string[]): CommandLine {
  const options: Partial<Record<OptionName, string | true>> = {}
  const rest: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!
    if (word === '--') {
      rest.push(...argv.slice(at + 1))
      break
    }
    if (word.startsWith('--')) {
      const [written, joined] = splitAtEquals(word.slice(2))
      const name = longOption(written)
      if (name === undefined || (joined !== undefined && OPTIONS[name].argument === 'none'))
        return { error: `Unknown option ${word}` }
      const needed = OPTIONS[name].argument === 'required' && joined === undefined ? argv[++at] : joined
      if (needed === undefined && OPTIONS[name].argument === 'required')
        return { error: `Missing parameter for option ${word}` }
      options[name] = needed ?? true
    } else if (word.startsWith('-') && word !== '-') {
      for (let i = 1; i < word.length; i++) {
        const name = shortOption(word[i]!)
        if (name === undefined) return { error: `Unknown option -${word[i]}` }
        if (OPTIONS[name].argument === 'none') {
          options[name] = true
          continue
        }
        const joined = word.slice(i + 1)
        const needed = joined === '' && OPTIONS[name].argument === 'required' ? argv[++at] : joined
        if (needed === undefined) return { error: `Missing parameter for option -${word[i]}` }
        options[name] = needed === '' && OPTIONS[name].argument === 'optional' ? true : needed
        break
      }
    } else rest.push(word)
  }
  // Each name has got what its argument says, which is more than the compiler can see.
  return { options: options as KeepalivedOptions, rest }
}

export function usage(): string {
  const lines = Object.values(OPTIONS).map(({ long, short, argument, shown, summary }) => {
    const written = `--${long}${argument === 'none' ? '' : argument === 'required' ? `=${shown}` : `[=${shown}]`}`
    return `  ${short === undefined ? '   ' : `-${short},`} ${written.padEnd(30)} ${summary}\n`
  })
  return `Usage: keepalived [OPTION...]\n${lines.join('')}`
}

const NAMES = Object.keys(OPTIONS) as readonly OptionName[]

function shortOption(letter: string): OptionName | undefined {
  return NAMES.find(name => OPTIONS[name].short === letter)
}

/** The option of this name, or the only one that begins like it. */
function longOption(written: string): OptionName | undefined {
  const exact = NAMES.find(name => OPTIONS[name].long === written)
  if (exact !== undefined || written === '') return exact
  const [found, ...others] = NAMES.filter(name => OPTIONS[name].long.startsWith(written))
  return others.length === 0 ? found : undefined
}

function splitAtEquals(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function flag(long: string, short: string | undefined, summary: string): Option {
  return { long, short, argument: 'none', shown: '', summary }
}

function takes(long: string, short: string | undefined, shown: string, summary: string): Option {
  return { long, short, argument: 'required', shown, summary }
}

function optional(long: string, short: string | undefined, shown: string, summary: string): Option {
  return { long, short, argument: 'optional', shown, summary }
}
