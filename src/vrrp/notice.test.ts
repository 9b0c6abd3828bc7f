import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { VrrpNotify } from '../model/vrrp-instance.ts'
import { type Notice, noticeLetter, noticeLine, noticeRuns } from './notice.ts'

const script = (name: string) => ({ argv: [name], user: undefined, group: undefined })
const NOTIFY: VrrpNotify = {
  master: script('master'),
  backup: undefined,
  fault: script('fault'),
  stop: undefined,
  deleted: undefined,
  masterReceivesLowerPriority: script('lower'),
  any: script('any'),
  smtpAlert: true,
  priorityChanges: false,
}
const notice = (given: Partial<Notice>): Notice => ({
  about: 'INSTANCE',
  name: 'VI_1',
  state: 'MASTER',
  priority: 100,
  notify: NOTIFY,
  ...given,
})
const runs = (given: Partial<Notice>) =>
  noticeRuns(notice(given)).map(({ script, words }) => [...script.argv, ...words].join(' '))

describe('a notice', () => {
  test('runs the script of the state, then notify with four more words', () => {
    assert.deepEqual(runs({}), ['master', 'any INSTANCE VI_1 MASTER 100'])
    assert.deepEqual(runs({ state: 'BACKUP' }), ['any INSTANCE VI_1 BACKUP 100'])
    assert.deepEqual(runs({ about: 'GROUP', name: 'VG', state: 'FAULT', priority: 0 }), [
      'fault',
      'any GROUP VG FAULT 0',
    ])
  })

  test('of a lower priority heard, or of a priority changed, does not run notify', () => {
    assert.deepEqual(runs({ state: 'MASTER_RX_LOWER_PRI' }), ['lower'])
    assert.deepEqual(runs({ state: 'BACKUP_PRIORITY' }), [])
  })

  test('is a line for the pipes', () => {
    assert.equal(noticeLine(notice({})), 'INSTANCE "VI_1" MASTER 100')
  })

  test('is a mail with the subject and body of keepalived, if mail is wanted', () => {
    const settings = { routerId: 'LB1', noEmailFaults: true }
    assert.deepEqual(noticeLetter(notice({}), settings), {
      subject: '[LB1] VRRP Instance VI_1 - Entering MASTER state',
      body: '=> VRRP Instance is now owning VRRP VIPs <=',
    })
    assert.equal(
      noticeLetter(notice({ about: 'GROUP' }), settings)?.subject,
      '[LB1] VRRP Group VI_1 - Entering MASTER state',
    )
    assert.equal(noticeLetter(notice({ state: 'FAULT' }), settings), undefined)
    assert.equal(noticeLetter(notice({ state: 'MASTER_PRIORITY' }), settings), undefined)
    assert.equal(noticeLetter(notice({ notify: { ...NOTIFY, smtpAlert: false } }), settings), undefined)
  })
})
