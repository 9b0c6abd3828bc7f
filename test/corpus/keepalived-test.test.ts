import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesInMemory } from '../../src/config/file-system.ts'
import { keepalivedTest } from '../../src/config/keepalived-test.ts'
import { awkwardFiles, recordedVerdicts } from './corpus.ts'

const INTERFACES = ['lo', 'eth0', 'eth1', 'eth2', 'eth3']
const { program, files } = recordedVerdicts()

test('every awkward file has a recorded verdict', () => {
  assert.deepEqual([...awkwardFiles().keys()], Object.keys(files), 'run npx tsx test/corpus/record.ts as root')
})

for (const [name, text] of awkwardFiles()) {
  test(`keepalived -t of ${name} is as ${program} has it`, () => {
    const { status, messages } = keepalivedTest('FILE', {
      files: anywhere(text),
      hasInterface: name => INTERFACES.includes(name),
    })
    const expected = files[name]!
    assert.deepEqual([...messages].sort(), [...expected.messages].sort())
    // On one of the files keepalived 2.2.7 dies of a segmentation fault; there we say that something is wrong.
    assert.equal(status, expected.status > 128 ? 5 : expected.status)
  })
}

/** The file is found under whatever path FILE resolves to. */
function anywhere(text: string): ReturnType<typeof filesInMemory> {
  const files = filesInMemory({})
  // The one program that the awkward files name and that exists.
  const kind = (path: string) => (path === '/bin/true' ? 'executable' : files.kind(path))
  return { ...files, kind, read: path => (path.endsWith('/FILE') ? { text } : files.read(path)) }
}
