/** `checks.db[0].state`, with or without a `$` in front; `["a.b"]` for a name that is no plain word. Undefined: no path. */
export function parseJsonPath(text: string): readonly (string | number)[] | undefined {
  const steps: (string | number)[] = []
  let rest = text.startsWith('$') ? text.slice(1) : /^[.[]/.test(text) ? text : `.${text}`
  while (rest !== '') {
    const step = STEP.exec(rest)
    if (step === null) return undefined
    const [whole, name, index, quoted] = step
    steps.push(index === undefined ? (name ?? quoted ?? '') : Number(index))
    rest = rest.slice(whole.length)
  }
  return steps
}

const STEP = /^(?:\.([^.[\]"']+)|\[(\d{1,9})\]|\[["']([^"']*)["']\])/
