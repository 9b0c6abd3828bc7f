/** For tests: configurations from text, and where in it the diagnostics point. */
import { filesInMemory } from './file-system.ts'
import { type Loaded, type LoadOptions, loadConfiguration } from './load.ts'

export const FILE = '/etc/keepalived/keepalived.conf'

export function loadText(
  text: string,
  options: LoadOptions & { readonly include?: Readonly<Record<string, string>> } = {},
): Loaded {
  const files = filesInMemory({ [FILE]: text, ...options.include })
  return loadConfiguration(FILE, { hostName: 'lvs1.example.com', environment: {}, files, ...options })
}

/** `code line:column "text"` of each diagnostic: what a test of a message needs to pin down. */
export function found({ diagnostics, sources }: Loaded): readonly string[] {
  return diagnostics.map(({ code, span }) => {
    const source = sources.get(span.file)
    if (source === undefined) return `${code} ${span.file}`
    const { line, column } = source.position(span.start)
    return `${code} ${line}:${column} ${JSON.stringify(source.text.slice(span.start, span.end))}`
  })
}

/** An instance with the given lines besides the two it needs. */
export function instanceWith(...lines: readonly string[]): string {
  return [
    'vrrp_instance VI_1 {',
    '    interface eth0',
    '    virtual_router_id 51',
    '    virtual_ipaddress { 10.0.0.1 }',
    ...lines,
    '}',
    '',
  ].join('\n')
}

/** A service with one checked server and the given lines besides. */
export function serviceWith(...lines: readonly string[]): string {
  return [
    'virtual_server 10.0.0.1 80 {',
    '    delay_loop 6',
    '    lb_algo rr',
    '    lb_kind NAT',
    '    protocol TCP',
    '    real_server 10.0.0.2 80 { TCP_CHECK { } }',
    ...lines,
    '}',
    '',
  ].join('\n')
}
