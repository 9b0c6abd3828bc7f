/** `sluice COMMAND …`; called by the name of a program that it replaces (a symbolic link to it), it is that program. */
import { basename } from 'node:path'
import { dropIn } from './cli/drop-in.ts'
import { verdict } from './cli/verdict.ts'
import { VERSION } from './cli/version.ts'

// A reader that has seen enough (`sluice … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  await main(basename(process.argv[1] ?? 'sluice'), process.argv.slice(2))
} catch (error) {
  const { status, text } = verdict(error)
  process.stderr.write(text)
  process.exitCode = status
}

async function main(name: string, argv: readonly string[]): Promise<void> {
  const replaced = dropIn(name, argv)
  if (replaced !== undefined) {
    process.exitCode = await replaced()
  } else if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${VERSION}\n`)
  } else {
    const { program } = await import('./cli/program.ts')
    await program().parseAsync(argv, { from: 'user' })
  }
}
