// Finds every *.test.ts under src/ and test/ (or those whose path contains a word given on the command line) and
// hands them to node's test runner: one process a file, so that a test that enters a network namespace is alone in it.
// What runs whole clusters keeps real time, and gets the machine to itself: test/netns comes after the rest, one by one.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'

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

const clusters = join('test', 'netns') + sep
const statuses = [
  run(
    files.filter(name => !name.startsWith(clusters)),
    2,
  ),
  run(
    files.filter(name => name.startsWith(clusters)),
    1,
  ),
]
process.exit(Math.max(...statuses))

function run(names, concurrency) {
  if (names.length === 0) return 0
  const options = ['--import', 'tsx', '--enable-source-maps', '--test', `--test-concurrency=${concurrency}`]
  const { status } = spawnSync(process.execPath, [...options, '--test-reporter=spec', ...names], { stdio: 'inherit' })
  return status ?? 1
}
