/** check, fmt and keepalived -t on files of a temporary directory. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { instanceWith } from '../config/fixture.ts'
import { explanation } from '../diagnostics/explanation.ts'
import { formatFiles } from './format-files.ts'
import { judgeFiles } from './judge-files.ts'
import { keepalived } from './keepalived.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
after(() => rmSync(directory, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text, { mode: 0o640 })
  return path
}

const PLAIN = { json: false, colour: false }
const MASTER = instanceWith('    priority 100')

test('check compares files with errors as far as they can be read, and says so', () => {
  const [one, other] = [
    file('broken-one.conf', instanceWith('    advert_int 1', '    priorty 1')),
    file('broken-other.conf', instanceWith('    advert_int 2')),
  ]
  const { text, sound } = judgeFiles([one, other], PLAIN)
  assert.equal(sound, false)
  assert.match(text, /\[peers-differ\][^\n]*advert_int/)
  const nowhere = judgeFiles([one, join(directory, 'nowhere.conf')], PLAIN)
  assert.ok(!nowhere.text.includes(`${one} with`), nowhere.text)
  const same = judgeFiles([one, file('broken-too.conf', instanceWith('    priorty 2', '    priority 7'))], PLAIN)
  assert.match(same.text, /compared as far as .*broken-one\.conf and .*broken-too\.conf can be read/)
})

test('check of two files judges the pair as well', () => {
  const [one, other] = [file('one.conf', MASTER), file('other.conf', MASTER)]
  const { text, sound } = judgeFiles([one, other], PLAIN)
  assert.ok(text.startsWith(`${one}: sound\n\n${other}: sound\n\n${other}:5:`), text)
  assert.match(text, /\[peers-tie\]/)
  assert.ok(text.includes(`${one} with ${other}: `), text)
  assert.equal(sound, !text.includes('error['))
})

test('check --json says where everything is', () => {
  const path = file('bad.conf', instanceWith('priorty 1'))
  const [found] = JSON.parse(judgeFiles([path], { ...PLAIN, json: true }).text)
  assert.equal(found.code, 'unknown-keyword')
  assert.deepEqual([found.file, found.start, found.end], [path, { line: 5, column: 1 }, { line: 5, column: 8 }])
})

test('check judges the interfaces of the host it is told', () => {
  const path = file('one.conf', MASTER)
  const host = { interfaces: [{ name: 'eth1', addresses: [] }] }
  assert.match(judgeFiles([path], { ...PLAIN, host }).text, /error\[no-such-interface\]/)
})

test('check --explain prints the page of a code, and knows what was meant', () => {
  assert.match(explanation('missing-brace').text, /^error\[missing-brace\]: BLOCK is never closed\n\n/)
  assert.deepEqual(explanation('mising-brace'), {
    text: 'there is no diagnostic "mising-brace"; did you mean missing-brace?',
    found: false,
  })
})

test('fmt --write puts the layout in place, keeps the mode, and follows a link', () => {
  const path = file('one.conf', 'vrrp_instance V{\nstate   BACKUP }\n')
  const link = join(directory, 'link.conf')
  symlinkSync(path, link)
  assert.deepEqual(formatFiles([link], 'check'), { text: `${link}\n`, same: false })
  assert.deepEqual(formatFiles([link], 'write'), { text: '', same: true })
  assert.equal(readFileSync(path, 'utf8'), 'vrrp_instance V {\n    state BACKUP\n}\n')
  assert.equal(statSync(path).mode & 0o777, 0o640)
  assert.deepEqual(formatFiles([link], 'check'), { text: '', same: true })
})

test('fmt of a file that is not there is one sentence', () => {
  assert.throws(() => formatFiles(['/no/such.conf'], 'print'), { message: 'cannot read /no/such.conf: no such file' })
})

test('keepalived -tLOG adds its messages to the log and ends with the status of keepalived', async () => {
  const log = file('log', 'before\n')
  assert.equal(await keepalived([`-t${log}`, '-f', file('bad.conf', 'global_defs {\n    bogus 1\n}\n')]), 5)
  assert.equal(readFileSync(log, 'utf8'), "before\n(Line 2) Unknown keyword 'bogus'\n")
  assert.equal(await keepalived([`-t${log}`, '-f', file('good.conf', 'global_defs {\n}\n')]), 0)
  assert.equal(await keepalived([`-t${log}`, '-e', '-f', '/no/such.conf']), 4)
})

test('called by the name keepalived it is keepalived', () => {
  const link = join(directory, 'keepalived')
  symlinkSync(join(process.cwd(), 'bin/sluice'), link)
  const { status, stdout, stderr } = spawnSync(link, ['--bogus'], { encoding: 'utf8' })
  assert.deepEqual({ status, stdout, stderr }, { status: 1, stdout: '', stderr: 'Unknown option --bogus\n' })
})
