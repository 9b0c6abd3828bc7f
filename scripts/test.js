// Finds every *.test.ts under src/ and test/ (or those whose path contains a word given on the command line) and
// hands them to node's test runner: one process a file, so that a test that enters a network namespace is alone in it.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const words = process.argv.slice(2)
const files = ['src', 'test']
  .flatMap(root => readdirSync(root, { recursive: true, encoding: 'utf8' }).map(name => join(root, name)))
  .filter(name => name.endsWith('.test.ts') && (words.length === 0 || words.some(word => name.includes(word))))
  .sort()
if (files.length === 0) {
  console.error(`test: no test file matches ${words.join(' ')}`)
  process.exit(2)
}
if (process.getuid?.() !== 0) console.error('test: not root: the tests that need a kernel are counted as skipped')
const args = ['--import', 'tsx', '--enable-source-maps', '--test', '--test-concurrency=2', '--test-reporter=spec', ...files]
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
process.exit(status ?? 1)
