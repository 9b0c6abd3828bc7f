/** The blanks of C's isspace() within a line. JavaScript's trim() would take the byte order mark and many more for blanks. */

export function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

export function trimStart(text: string): string {
  let from = 0
  while (from < text.length && isBlank(text.charCodeAt(from))) from++
  return text.slice(from)
}

export function trimEnd(text: string): string {
  let to = text.length
  while (to > 0 && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(0, to)
}

export function trim(text: string): string {
  return trimStart(trimEnd(text))
}
