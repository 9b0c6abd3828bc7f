/** A configuration from its file: read, parsed, elaborated, judged. What every command that takes `-f FILE` calls. */
import { hostname } from 'node:os'
import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic.ts'
import type { Sources } from '../diagnostics/source.ts'
import type { Configuration } from '../model/configuration.ts'
import type { Host } from './check/host.ts'
import { comparePeers } from './check/peers.ts'
import { check } from './check.ts'
import type { Origin } from './context.ts'
import { elaborate } from './elaborate.ts'
import { ROOT } from './keywords/root.ts'
import { parse } from './parse.ts'
import { type ReadOptions, readConfiguration } from './read.ts'
import type { Statement } from './statement.ts'

export interface LoadOptions extends ReadOptions {
  readonly hostName?: string
  /** Hands out the configuration in spite of errors, which is what keepalived does: what it cannot read has no effect. */
  readonly lenient?: boolean
  /** The machine it is for, if its interfaces and scripts shall be judged too. */
  readonly host?: Host
}

export interface Loaded {
  /** Undefined if there are errors, unless lenient. */
  readonly configuration?: Configuration
  /** What could be made of it in spite of errors, to be looked at and not to be run. */
  readonly draft: Configuration
  /** In the order of the text; render them with `renderAll(diagnostics, sources)`. */
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
  /** Where each object of the model was written. */
  readonly origins: ReadonlyMap<object, Origin>
  readonly root: Statement
}

/** Never throws: a file that cannot be read is a diagnostic, too. */
export function loadConfiguration(file: string, options: LoadOptions = {}): Loaded {
  const hostName = options.hostName ?? hostname()
  const configId = options.configId ?? hostName.split('.')[0]
  const {
    lines,
    sources,
    diagnostics: reading,
  } = readConfiguration(file, { environment: process.env, ...options, configId })
  const { root, diagnostics: parsing } = parse(lines, ROOT)
  const { configuration, origins, diagnostics: elaborating } = elaborate(root, hostName)
  const judging = check({ configuration, origins }, options.host)
  const diagnostics = inOrder([...reading, ...parsing, ...elaborating, ...judging])
  const loaded = { diagnostics, sources, origins, root, draft: configuration }
  return hasErrors(diagnostics) && !options.lenient ? loaded : { ...loaded, configuration }
}

/** What two machines of a pair must agree on; of a file with errors, as far as it can be read. */
export function compareLoaded(one: Loaded, other: Loaded): readonly Diagnostic[] {
  const judged = ({ draft, origins }: Loaded) => ({ configuration: draft, origins })
  const found = [...comparePeers(judged(one), judged(other))]
  // What is missing from a file with errors may be what could not be read.
  return other.configuration === undefined ? found.filter(({ code }) => code !== 'missing-in-peer') : found
}

/** By file as they were opened, then by place. The sort is stable: what is said first about a place stays first. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ span }) => span.file))]
  return [...diagnostics].sort(
    (a, b) => files.indexOf(a.span.file) - files.indexOf(b.span.file) || a.span.start - b.span.start,
  )
}
