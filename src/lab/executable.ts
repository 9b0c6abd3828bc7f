import { dirname } from 'node:path'

/** How to run this very program again with other words. */
export function sluice(...words: readonly string[]): [string, ...string[]] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...words]
}

/** The environment of a lab's host: `sluice` is this very program there. */
export function hostEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(process.argv[1] ?? '')}:${process.env.PATH ?? ''}` }
}
