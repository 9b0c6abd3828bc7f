/**
 * Writes down what keepalived says and does in the scene: `npx tsx test/conformance/checkers/record.ts`, as root, with
 * keepalived and a C compiler. No kernel with ip_vs is needed: `without-ipvs.c` stands in for it.
 */
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { play } from './scene.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const said = await play((folder, file) => {
  const library = join(folder, 'without-ipvs.so')
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, here('without-ipvs.c')])
  const files = ['-p', join(folder, 'parent.pid'), '-c', join(folder, 'checkers.pid')]
  return spawn('/usr/sbin/keepalived', ['-C', '-n', '-l', '-D', '-f', file, ...files], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LD_PRELOAD: library },
  })
})
const text = Object.entries(said).map(([service, lines]) => `# ${service}\n${lines.join('\n')}\n`)
writeFileSync(process.argv[2] ?? here('keepalived.txt'), text.join('\n'))
