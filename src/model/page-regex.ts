/**
 * The patterns of `regex`, which keepalived hands to PCRE2, as patterns of JavaScript. What both languages have in common
 * is most of what people write; what PCRE2 alone has is translated if it is easy and refused by name if not.
 */
import { fromPcre2 } from './pcre2.ts'
import type { HttpRegex } from './virtual-server.ts'

/** Options of `regex_options`, as flags of JavaScript; those with '' are how JavaScript does it anyway. */
const OPTIONS: Readonly<Record<string, string>> = {
  caseless: 'i',
  dotall: 's',
  multiline: 'm',
  utf: 'u',
  ucp: 'u',
  no_auto_capture: '',
  never_backslash_c: '',
  never_ucp: '',
  never_utf: '',
  dollar_endonly: '',
}

/** What tells whether a body matches, or undefined if the pattern is not understood (`regexProblem` says why). */
export function compileRegex(regex: HttpRegex): ((body: Uint8Array) => boolean) | undefined {
  const compiled = translate(regex)
  if ('problem' in compiled) return undefined
  const { pattern } = compiled
  const { minOffset, maxOffset } = regex
  return body => {
    const text = Buffer.from(body).toString(pattern.unicode ? 'utf8' : 'latin1')
    pattern.lastIndex = minOffset
    const match = pattern.exec(text)
    return match !== null && (maxOffset === undefined || match.index <= maxOffset)
  }
}

/** Why the pattern cannot be used, or undefined if it can. */
export function regexProblem(regex: HttpRegex): string | undefined {
  const compiled = translate(regex)
  return 'problem' in compiled ? compiled.problem : undefined
}

function translate({ pattern, options }: HttpRegex): { readonly pattern: RegExp } | { readonly problem: string } {
  const unknown = options.find(option => !Object.hasOwn(OPTIONS, option) && option !== 'anchored')
  if (unknown !== undefined) return { problem: `option ${unknown} has no equivalent` }
  const [, inline = '', rest = pattern] = /^\(\?([ims]+)\)([\s\S]*)$/.exec(pattern) ?? []
  const flags = new Set(['g', ...options.map(option => OPTIONS[option] ?? ''), ...inline].join(''))
  if (options.includes('anchored')) {
    flags.delete('g')
    flags.add('y')
  }
  const translated = fromPcre2(rest, {
    multiline: flags.has('m'),
    dotAll: flags.has('s'),
    dollarEndOnly: options.includes('dollar_endonly'),
  })
  if ('problem' in translated) return translated
  try {
    return { pattern: new RegExp(translated.text, [...flags].join('')) }
  } catch (error) {
    return { problem: (error as Error).message.replace(/^Invalid regular expression: \/[\s\S]*\/\w*: /, '') }
  }
}
