/** The tree becomes the model: values read, defaults filled in, names looked up. Mistakes are collected on the way. */
import { type Diagnostic, diagnostic, type Span } from '../diagnostics/diagnostic.ts'
import type { Configuration, InterfaceDelay } from '../model/configuration.ts'
import type { ConfiguredRoute, VirtualAddress } from '../model/vrrp-instance.ts'
import type { Context, Origin } from './context.ts'
import { readBlock } from './keyword.ts'
import { elaborateBfd } from './keywords/bfd-instance.ts'
import { elaborateSsl } from './keywords/checkers.ts'
import { elaborateGlobal } from './keywords/global-defs.ts'
import { elaborateGarpGroup, ROOT } from './keywords/root.ts'
import { elaborateFile, elaborateProcess, elaborateScript } from './keywords/scripts.ts'
import { elaborateServiceGroup, elaborateVirtualServers, type GroupMember } from './keywords/virtual-server.ts'
import { elaborateInstance, elaborateSyncGroup, type Trackable, type Weighted } from './keywords/vrrp-instance.ts'
import { headerSpan, keywordOf, type Statement } from './statement.ts'

export interface Elaborated {
  readonly configuration: Configuration
  readonly origins: ReadonlyMap<object, Origin>
  readonly diagnostics: readonly Diagnostic[]
}

export function elaborate(root: Statement, hostName: string): Elaborated {
  const diagnostics: Diagnostic[] = []
  const context: Context = { report: problem => void diagnostics.push(problem), origins: new Map() }
  const byKeyword = grouped(root.children ?? [])
  const all = (keyword: string) => byKeyword.get(keyword) ?? []
  const named = (keyword: string) => distinct(all(keyword), context)

  // The single lines and entry blocks of the top level; blocks come back as statements.
  const { values } = readBlock(Object.fromEntries(ROOT.keywords), root, context.report)
  const { global, defaults } = elaborateGlobal(all('global_defs'), hostName, context)
  const scripts = named('vrrp_script').flatMap(each => elaborateScript(each, context) ?? [])
  const trackFiles = named('track_file').flatMap(each => elaborateFile(each, context) ?? [])
  const trackProcesses = named('vrrp_track_process').flatMap(each => elaborateProcess(each, context) ?? [])
  const bfdInstances = named('bfd_instance').flatMap(each => elaborateBfd(each, context) ?? [])
  const trackable: Trackable = {
    scripts: byName(scripts),
    files: byName(trackFiles),
    processes: byName(trackProcesses),
    bfd: byName(bfdInstances),
  }
  const vrrpInstances = named('vrrp_instance').flatMap(
    each => elaborateInstance(each, defaults, trackable, context) ?? [],
  )
  const vrrpSyncGroups = named('vrrp_sync_group').map(each => elaborateSyncGroup(each, defaults, trackable, context))
  const groups = new Map<string, readonly GroupMember[]>()
  for (const each of named('virtual_server_group')) groups.set(nameOf(each), elaborateServiceGroup(each, context))
  const virtualServers = all('virtual_server').flatMap(each =>
    elaborateVirtualServers(each, defaults, groups, trackable, context),
  )
  const ssl = all('SSL').at(-1)
  const configuration: Configuration = {
    global,
    vrrpInstances,
    vrrpSyncGroups,
    scripts,
    trackFiles,
    trackProcesses,
    bfdInstances,
    staticAddresses: values.static_ipaddress as readonly VirtualAddress[],
    staticRoutes: values.static_routes as readonly ConfiguredRoute[],
    staticRules: values.static_rules as readonly ConfiguredRoute[],
    garpGroups: all('garp_group').map(each => elaborateGarpGroup(each, context)),
    interfaceDelays: values.interface_up_down_delays as readonly InterfaceDelay[],
    virtualServers,
    ssl: ssl === undefined ? undefined : elaborateSsl(ssl, context),
  }
  return { configuration, origins: context.origins, diagnostics }
}

/** The blocks of the top level by keyword, in the order of the text; an old spelling is the keyword of today. */
function grouped(statements: readonly Statement[]): ReadonlyMap<string, readonly Statement[]> {
  const groups = new Map<string, Statement[]>()
  for (const statement of statements) {
    const written = keywordOf(statement)
    const keyword = ROOT.keywords.get(written)?.instead ?? written
    const group = groups.get(keyword)
    if (group === undefined) groups.set(keyword, [statement])
    else group.push(statement)
  }
  return groups
}

/** The blocks that have a name, each name once; the first of a name counts, as in keepalived. */
function distinct(statements: readonly Statement[], context: Context): readonly Statement[] {
  const taken = new Map<string, Span>()
  return statements.filter(statement => {
    const keyword = keywordOf(statement)
    const name = nameOf(statement)
    const span = headerSpan(statement)
    if (name === '') {
      context.report(diagnostic('missing-value', span, { keyword, syntax: 'NAME' }, { label: 'it needs a name' }))
      return false
    }
    const earlier = taken.get(name)
    if (earlier !== undefined) {
      const notes = [{ span: earlier, text: 'this one counts' }]
      context.report(diagnostic('repeated-name', span, { keyword, name }, { label: 'ignored as a whole', notes }))
      return false
    }
    taken.set(name, span)
    return true
  })
}

function nameOf(statement: Statement): string {
  return statement.line.words[1]?.text ?? ''
}

function byName<T extends Weighted & { readonly name: string }>(trackable: readonly T[]): ReadonlyMap<string, T> {
  return new Map(trackable.map(each => [each.name, each]))
}
