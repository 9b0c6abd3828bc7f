/** The programs that sluice is when it is called by their names, or told so by its first word. Their argv is theirs alone. */

type Main = (argv: readonly string[]) => Promise<number>

const DROP_INS: Readonly<Record<string, Main>> = {}

/** What to run for a program called `name` with `argv`; undefined if that is sluice itself. It resolves to the exit status. */
export function dropIn(name: string, argv: readonly string[]): (() => Promise<number>) | undefined {
  const [word = '', ...rest] = argv
  if (Object.hasOwn(DROP_INS, name)) return () => DROP_INS[name]!(argv)
  if (Object.hasOwn(DROP_INS, word)) return () => DROP_INS[word]!(rest)
  return undefined
}
