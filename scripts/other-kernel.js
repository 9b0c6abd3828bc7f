// Runs tests on another kernel: bundles them, so that they need no build tools there, and hands them to a command that
// boots it. SLUICE_OTHER_KERNEL is that command; it is given a bash script and a folder, puts both beside each other on
// the other kernel, runs the script there as root, prints what it prints and ends with its status.
//
//   SLUICE_OTHER_KERNEL='vm/run' npm run other-kernel [-- WORD…]   tests whose path contains a word; else the data path's
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { build } from 'esbuild'

/** What the data path does on real packets, and what the verifier thinks of its programs. */
const DATA_PATH = [
  'netns/direct-routing',
  'netns/translation',
  'netns/tunnel',
  'netns/ipv6',
  'netns/fragments',
  'netns/icmp',
  'netns/expiry',
  'netns/explain',
  'netns/whole-program',
  'netns/shapes',
  'schedulers/kernel',
  'kernel/bpf',
  'kernel/load-looping',
]
/** An emulated machine may be ten times slower: tests that wait have that much more time. */
const SECONDS_EACH = 1500

const command = process.env.SLUICE_OTHER_KERNEL
if (command === undefined || command === '') {
  console.error(
    'other-kernel: set SLUICE_OTHER_KERNEL to a command that runs a script on another kernel; see docs/other-kernel.md',
  )
  process.exit(2)
}
const words = process.argv.slice(2)
const wanted = words.length === 0 ? DATA_PATH : words
const tests = ['src', 'test']
  .flatMap(root => readdirSync(root, { recursive: true, encoding: 'utf8' }).map(name => join(root, name)))
  .filter(name => name.endsWith('.test.ts') && wanted.some(word => name.includes(word)))
  .sort()
if (tests.length === 0) {
  console.error(`other-kernel: no test file matches ${wanted.join(' ')}`)
  process.exit(2)
}

const work = mkdtempSync(join(tmpdir(), 'sluice-other-kernel-'))
try {
  const folder = join(work, 'sluice')
  await bundle(tests, folder)
  for (const part of ['bin', 'dist', 'package.json', 'node_modules/koffi', 'node_modules/@koromix'])
    cpSync(part, join(folder, part), { recursive: true, dereference: true })
  const script = join(work, 'run.sh')
  writeFileSync(script, runner(tests))
  const { status, error } = spawnSync(command, [script, folder], { stdio: 'inherit', shell: false })
  if (error !== undefined) throw error
  process.exitCode = status ?? 1
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** Each test as one file at its own place, so that what it finds by its path is where it was. */
async function bundle(names, folder) {
  for (const name of names) {
    const outfile = join(folder, bundled(name))
    mkdirSync(dirname(outfile), { recursive: true })
    await build({
      entryPoints: [name],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      external: ['koffi'],
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
      logLevel: 'warning',
    })
    copyData(dirname(name), join(folder, dirname(name)))
  }
}

/** Recorded answers and other data that lie beside a test. */
function copyData(from, to) {
  for (const name of readdirSync(from)) if (/\.(json|txt|listing)$/.test(name)) cpSync(join(from, name), join(to, name))
}

function bundled(name) {
  return name.replace(/\.ts$/, '.mjs')
}

function runner(names) {
  const lines = names.map(name => `try ${bundled(name)} # ${basename(name)}`)
  return `cd "$(dirname "$0")/sluice" || exit 1
echo "Linux $(uname -r), node $(node --version)"
status=0
try() {
  if timeout ${SECONDS_EACH} node --test --test-timeout=${SECONDS_EACH * 1000} --test-reporter=tap "$1" >out.txt 2>&1
  then grep -E '^# (pass|skipped) ' out.txt | tr '\\n' ' '; echo "$1"
  else status=1; echo "FAILED $1"; tail -n 60 out.txt
  fi
}
${lines.join('\n')}
exit $status
`
}
