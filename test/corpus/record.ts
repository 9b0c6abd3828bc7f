/**
 * Asks the real keepalived what it says of the awkward files, and writes it down: `npx tsx test/corpus/record.ts`, as
 * root, with Debian's keepalived installed. Everything happens in a network namespace of its own, with interfaces eth0
 * to eth3 that hold 192.168.40.1 to 192.168.43.1.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awkwardFiles, VERDICTS_PATH, type Verdict, type Verdicts } from './corpus.ts'

const SETUP = `ip link set lo up
for i in 0 1 2 3; do
  ip link add eth$i type veth peer name peer$i
  ip link set eth$i up; ip link set peer$i up
  ip addr add 192.168.4$i.1/24 dev eth$i
done
for file in "$@"; do
  echo "=== $file"
  timeout 20 keepalived -t -f "$file" 2>&1
  echo "=== status $?"
done`

const directory = mkdtempSync(join(tmpdir(), 'sluice-corpus-'))
try {
  const files = [...awkwardFiles()].map(([name, text]) => {
    const path = join(directory, `${name}.conf`)
    writeFileSync(path, text)
    return path
  })
  const run = spawnSync('unshare', ['-n', 'bash', '-c', SETUP, 'record', ...files], { encoding: 'utf8' })
  const version = spawnSync('keepalived', ['--version'], { encoding: 'utf8' }).stderr.split('\n')[0]!
  const verdicts: Record<string, Verdict> = {}
  for (const [, path, output, status] of run.stdout.matchAll(/^=== (\/.*)\n([\s\S]*?)^=== status (\d+)$/gm)) {
    const lines = output!
      .replaceAll(path!, 'FILE')
      .split('\n')
      .filter(line => line !== '')
    const name = path!.slice(directory.length + 1, -'.conf'.length)
    verdicts[name] = { status: Number(status), messages: [...new Set(lines)] }
  }
  const recorded: Verdicts = { program: version, files: verdicts }
  writeFileSync(VERDICTS_PATH, `${JSON.stringify(recorded, undefined, 2)}\n`)
} finally {
  rmSync(directory, { recursive: true })
}
