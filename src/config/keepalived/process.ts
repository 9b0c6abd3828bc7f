/**
 * One of keepalived's processes reading the file: the parent takes global_defs, one child the virtual servers, one VRRP.
 * Each complains of its own blocks, and all complain of what no block knows.
 */
import { type IpFamily, ipFamily, parseIp } from '../../bytes/address.ts'
import type { Table } from '../keyword.ts'
import { ROOT } from '../keywords/root.ts'
import type { Line } from '../line.ts'
import { openQuote } from '../script-value.ts'
import { keywordOf, type Statement } from '../statement.ts'
import { bfdBlock, bfdKeyword, isBroken, isFor } from './bfd.ts'
import { routeComplaints, ruleComplaints } from './routes.ts'
import type { Walker } from './walk.ts'
import { complaints, entryComplaints, MissingParameter } from './words.ts'

export type ProcessName = 'parent' | 'checkers' | 'vrrp' | 'bfd'

const CHECKER_BLOCKS: readonly string[] = ['virtual_server', 'virtual_server_group', 'SSL']
const PARENT_BLOCKS: readonly string[] = ['global_defs']
const VRRP_BLOCKS: readonly string[] = [
  'vrrp_instance',
  'vrrp_sync_group',
  'vrrp_script',
  'vrrp_track_process',
  'track_group',
  'static_ipaddress',
  'static_routes',
  'static_rules',
  'garp_group',
  'interface_up_down_delays',
]
const INSTANCE = ROOT.keywords.get('vrrp_instance')!.table!.keywords

export interface Surroundings {
  /** `(FILE: Line 7)`. */
  place(line: Line): string
  hasUnclosedQuote(line: Line): boolean
  hasInterface(name: string): boolean
}

export class Process implements Walker {
  readonly #name: ProcessName
  readonly #surroundings: Surroundings
  readonly #say: (text: string) => void
  /** What has been read so far, for entries that look back. */
  readonly #scripts: Set<string> = new Set()
  /** Instances of BFD that others may follow, and those that are in order. */
  readonly #sessions: Set<string> = new Set()
  readonly #sound: Statement[] = []
  readonly #broken: Set<Statement> = new Set()
  /** The real server that is read, as messages call it. */
  #server = ''
  readonly #families: Map<Statement, IpFamily> = new Map()
  #owner = ''
  readonly #rules = { preference: 16_384 }

  constructor(name: ProcessName, surroundings: Surroundings, say: (text: string) => void) {
    this.#name = name
    this.#surroundings = surroundings
    this.#say = say
  }

  owns(keyword: string): boolean {
    if (CHECKER_BLOCKS.includes(keyword)) return this.#name === 'checkers'
    if (VRRP_BLOCKS.includes(keyword)) return this.#name === 'vrrp'
    if (keyword === 'bfd_instance') return this.#name !== 'parent'
    if (this.#name === 'bfd') return false
    return this.#name === 'parent' || !PARENT_BLOCKS.includes(keyword)
  }

  complain(line: Line, text: string): void {
    this.#say(`${this.#surroundings.place(line)} ${text}`)
  }

  statement(line: Line, block: Statement, table: Table | undefined): void {
    const made: Statement = { line, children: undefined }
    const name = keywordOf(made)
    if (name === 'vrrp_instance' || name === 'vrrp_sync_group') this.#owner = line.words[1]?.text ?? ''
    if (table?.keywords.get(name)?.syntax.startsWith('COMMAND') && this.#surroundings.hasUnclosedQuote(line)) {
      this.complain(line, `String '${line.text.trim()}': missing terminating "`)
      return
    }
    const unclosed = table?.keywords.get(name)?.syntax.includes('COMMAND') ? openQuote(line.text) : undefined
    if (unclosed !== undefined) {
      this.complain(line, `String '${unclosed}': missing terminating '`)
      return
    }
    if (name === 'real_server') this.#server = serverText(made, block)
    if (this.#broken.has(block)) return
    try {
      const found =
        table === undefined
          ? this.#entry(made, block)
          : table.name === 'bfd_instance'
            ? this.#bfdKeyword(made, block)
            : [...complaints(made, block, table), ...this.#special(made, block, table)]
      for (const text of found) this.complain(line, text)
    } catch (error) {
      if (!(error instanceof MissingParameter)) throw error
      throw new MissingParameter(`${this.#surroundings.place(line)} ${error.message}`)
    }
  }

  /** What is missing from a block when it ends. */
  closed(line: Line, block: Statement): void {
    const type = keywordOf(block)
    const name = block.line.words[1]?.text ?? ''
    const has = (keyword: string) => block.children?.some(child => keywordOf(child) === keyword) ?? false
    if ((type === 'HTTP_GET' || type === 'SSL_GET') && !has('url'))
      this.complain(line, 'HTTP/SSL_GET checker has no urls specified - ignoring')
    if (type === 'MISC_CHECK' && !has('misc_path'))
      this.complain(line, 'No script path has been specified for MISC_CHECKER - skipping')
    if (type === 'BFD_CHECK' && !has('name'))
      this.complain(line, `(${this.#server}) No name has been specified for BFD_CHECKER - skipping`)
    if (type === 'bfd_instance') this.#bfdEnds(line, block)
    if (type === 'group' && block.children?.length === 0)
      this.complain(line, `Warning - sync group ${this.#owner} has empty group block`)
    if (type !== 'vrrp_script') return
    if (has('script')) this.#scripts.add(name)
    else this.complain(line, `No script set for vrrp_script ${name} - removing`)
  }

  #bfdKeyword(statement: Statement, block: Statement): readonly string[] {
    if (this.#name !== 'bfd') return []
    if (isBroken(statement)) this.#broken.add(block)
    return bfdKeyword(statement, block)
  }

  #bfdEnds(line: Line, block: Statement): void {
    if (this.#name === 'bfd') {
      if (this.#broken.has(block)) return
      const found = bfdBlock(block, this.#sound)
      for (const text of found) this.complain(line, text)
      if (found.every(text => !text.startsWith('Configuration error'))) this.#sound.push(block)
    } else if (isFor(this.#name === 'vrrp' ? 'vrrp' : 'checker', block))
      this.#sessions.add(block.line.words[1]?.text ?? '')
  }

  /** A line of an entry block. */
  #entry(entry: Statement, block: Statement): readonly string[] {
    const word = keywordOf(entry)
    switch (keywordOf(block)) {
      case 'track_script':
        return this.#scripts.has(word) ? [] : [`(${this.#owner}) track script ${word} not found, ignoring...`]
      case 'track_bfd':
        return this.#sessions.has(word) ? [] : [`(${this.#owner}) track bfd ${word} not found, ignoring...`]
      case 'virtual_routes':
      case 'static_routes':
        return routeComplaints(entry)
      case 'virtual_rules':
      case 'static_rules':
        return ruleComplaints(entry, this.#rules)
      case 'virtual_ipaddress': {
        const address = parseIp(word.split('/')[0] ?? '')
        const family = this.#families.get(block) ?? (address === undefined ? undefined : ipFamily(address))
        if (family !== undefined) this.#families.set(block, family)
        if (address !== undefined && ipFamily(address) !== family) {
          return [`(${this.#owner}): address family must match VRRP instance [${word}] - ignoring`]
        }
        return entryComplaints(entry, block, INSTANCE.get('virtual_ipaddress')!)
      }
      case 'virtual_ipaddress_excluded':
        return entryComplaints(entry, block, INSTANCE.get('virtual_ipaddress_excluded')!)
      default:
        return []
    }
  }

  /** What single keywords say beyond the form of their value. */
  *#special(statement: Statement, block: Statement, table: Table): Iterable<string> {
    const name = keywordOf(statement)
    const value = statement.line.words[1]?.text ?? ''
    switch (name) {
      case 'name':
        if (table.name === 'BFD_CHECK' && !this.#sessions.has(value))
          yield `(${this.#server}) BFD_CHECK - BFD ${value} not configured`
        break
      case 'interface':
        if (table.name === 'vrrp_instance' && !this.#surroundings.hasInterface(value)) {
          yield `WARNING - interface ${value} for vrrp_instance ${this.#owner} doesn't exist`
        }
        break
      case 'auth_pass':
        if (Buffer.byteLength(value) > 8) yield 'Truncating auth_pass to 8 characters'
        break
      case 'nb_get_retry':
        yield "nb_get_retry is deprecated - please use 'retry'"
        break
      case 'lvs_sync_daemon_interface':
        yield `(${this.#owner}) Specifying lvs_sync_daemon_interface against a vrrp is deprecated.`
        yield '        Please use global lvs_sync_daemon'
        break
      case 'sh-port':
      case 'sh-fallback':
      case 'mh-port':
      case 'mh-fallback': {
        const chosen = block.children?.findLast(child => ['lb_algo', 'lvs_sched'].includes(keywordOf(child)))
        if (chosen?.line.words[1]?.text !== name.slice(0, 2)) yield `${name} only applies to sh scheduler - ignoring`
      }
    }
  }
}

/** `[192.168.40.31]:tcp:80`; the protocol as far as it has been read. */
function serverText(server: Statement, service: Statement): string {
  const [, address, port] = server.line.words.map(word => word.text)
  const protocol = service.children?.findLast(child => keywordOf(child) === 'protocol')?.line.words[1]?.text
  return `[${address}]:${protocol?.toLowerCase() ?? 'none'}${port === undefined ? '' : `:${port}`}`
}
