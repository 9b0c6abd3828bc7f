import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { Argument, Command } from 'commander'
import { completionScript } from './completion-script.ts'

const sluice = new Command('sluice').helpCommand(false)
sluice.command('check').summary('judge it').option('--json', "the reader's form")
sluice.command('secret', { hidden: true }).option('--nobody')
sluice
  .command('realserver')
  .summary('serve')
  .addArgument(new Argument('VERB').choices(['start', 'stop']))

/** What bash offers for the words typed so far. */
function bashOffers(...typed: readonly string[]): string[] {
  const script = `${completionScript('bash', sluice)}
COMP_WORDS=(${typed.map(word => `'${word}'`).join(' ')}) COMP_CWORD=${typed.length - 1}
_sluice
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return stdout.split('\n').filter(word => word !== '')
}

test('completionScript() for bash offers commands, then options and fixed words, hidden ones never', () => {
  assert.deepEqual(bashOffers('sluice', ''), ['check', 'realserver'])
  assert.deepEqual(bashOffers('sluice', 're'), ['realserver'])
  assert.deepEqual(bashOffers('sluice', 'check', '--j'), ['--json'])
  assert.deepEqual(bashOffers('sluice', 'realserver', 'st'), ['start', 'stop'])
  assert.deepEqual(bashOffers('sluice', 'secret', ''), [])
})

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const missing = spawnSync(shell, ['-c', 'true']).error !== undefined
  test(`completionScript() is a script that ${shell} can parse`, {
    skip: missing && `${shell} is not installed`,
  }, () => {
    const { status, stderr } = spawnSync(shell, ['-n'], { input: completionScript(shell, sluice), encoding: 'utf8' })
    assert.equal(stderr, '')
    assert.equal(status, 0)
  })
}

test('completionScript() quotes an apostrophe in a summary', () => {
  assert.match(completionScript('fish', sluice), /-d 'the reader'\\''s form'/)
})
