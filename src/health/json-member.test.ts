import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonProblem } from './json-member.ts'

const PAGE = '{"status":"UP","count":3,"checks":[{"db":true,"disk":null},{"db":false}],"":{"a.b":"x"}}'

for (const [steps, value, problem] of [
  [['status'], 'UP', undefined],
  [['status'], 'DOWN', 'says that path is UP'],
  [['status'], undefined, undefined],
  [['count'], '3', undefined],
  [['count'], '4', 'says that path is 3'],
  [['checks', 0, 'db'], undefined, undefined],
  [['checks', 0, 'db'], 'true', undefined],
  [['checks', 0, 'disk'], undefined, 'says that path is null'],
  [['checks', 0, 'disk'], 'null', undefined],
  [['checks', 1, 'db'], undefined, 'says that path is false'],
  [['checks', 2, 'db'], undefined, 'has no path'],
  [['checks', 'length'], '2', undefined],
  [['constructor'], undefined, 'has no path'],
  [['status', 'length'], undefined, 'has no path'],
  [['', 'a.b'], 'x', undefined],
  [['checks', 1], '{"db":false}', undefined],
] as const) {
  test(`jsonProblem() with ${steps.join('/')} wished to be ${value}`, () => {
    assert.equal(jsonProblem(PAGE, [{ path: 'path', steps, value }]), problem)
  })
}

test('jsonProblem() of what is no JSON', () => {
  assert.equal(jsonProblem('<html>', []), 'is not JSON')
  assert.equal(jsonProblem('', []), 'is not JSON')
})
