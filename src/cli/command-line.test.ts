/** The built program, as a shell sees it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { program } from './program.ts'

function sluice(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('bin/sluice', words, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('--version is the version alone', () => {
  const { status, stdout } = sluice('--version')
  assert.equal(status, 0)
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

for (const { name, words, stderr } of [
  { name: 'an unknown command', words: ['chekc'], stderr: "unknown command 'chekc' (did you mean check?)" },
  { name: 'an unknown option', words: ['check', '--jsn'], stderr: "unknown option '--jsn' (did you mean --json?)" },
  { name: 'a missing argument', words: ['lab', 'exec', 'rs1'], stderr: "missing required argument 'COMMAND'" },
  {
    name: 'a wrong word',
    words: ['realserver', 'strat'],
    stderr: "argument value 'strat' is invalid for argument 'VERB'. Allowed choices are start, stop, status",
  },
]) {
  test(`${name} is a usage error: status 2, one sentence, where to look`, () => {
    assert.deepEqual(sluice(...words), { status: 2, stdout: '', stderr: `sluice: ${stderr}; see sluice --help\n` })
  })
}

test('every command has a summary for the list and help of its own', () => {
  const help = program().createHelp()
  for (const command of help.visibleCommands(program())) {
    assert.notEqual(command.summary(), '', command.name())
    assert.match(command.helpInformation(), /^Usage: /)
  }
})

test('a file that is not there is a diagnostic, not a stack trace', () => {
  const { status, stdout, stderr } = sluice('check', '/no/such/file.conf')
  assert.equal(status, 1)
  assert.match(stdout, /^\/no\/such\/file\.conf: error\[/)
  assert.equal(stderr, '')
})
