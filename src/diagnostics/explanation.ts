import { CODES } from './codes.ts'
import { nearest } from './nearest.ts'

/** The page of a code, as people read it; or one sentence about a code that there is not. */
export function explanation(code: string): { readonly text: string; readonly found: boolean } {
  const codes = Object.keys(CODES) as (keyof typeof CODES)[]
  const known = codes.find(each => each === code)
  if (known === undefined) {
    const near = nearest(code, codes)
    const hint = near === undefined ? 'codes stand in brackets: error[missing-brace]' : `did you mean ${near}?`
    return { text: `there is no diagnostic "${code}"; ${hint}`, found: false }
  }
  const { severity, template, page } = CODES[known]
  const message = template.replace(/\{(\w+)\}/g, (_, blank: string) => blank.toUpperCase())
  return { text: `${severity}[${known}]: ${message}\n\n${page}\n`, found: true }
}
