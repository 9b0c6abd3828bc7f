/** What routers track, and whom they tell: scripts, files, processes, other interfaces; notify scripts, pipes, the watchdog. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { instance, Routers, until } from './routers.ts'

const skip = process.getuid?.() !== 0 && 'not root: network namespaces cannot be made'

class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'sluice-tracking-'))

  file(name: string): string {
    return join(this.path, name)
  }

  write(name: string, text: string, mode = 0o644): string {
    writeFileSync(this.file(name), text)
    chmodSync(this.file(name), mode)
    return this.file(name)
  }

  script(name: string, body: string): string {
    return this.write(name, `#!/bin/sh\n${body}\n`, 0o755)
  }

  lines(name: string): readonly string[] {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), 'utf8').trimEnd().split('\n') : []
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** The instance with more words in it, and blocks and global words before it. */
function tracking(priority: number, more: string, blocks = '', global = ''): string {
  return instance(priority)
    .replace('router_id LVS_DEVEL', `router_id LVS_DEVEL\nscript_user root\n${global}`)
    .replace('vrrp_instance VI_1 {', `${blocks}\nvrrp_instance VI_1 {\n${more}`)
}

describe('sluice run', { concurrency: 4, skip }, () => {
  test('a script that fails gives the address away, and one that succeeds brings it back', async () => {
    await using routers = new Routers('script')
    using folder = new Folder()
    const { a, b } = routers
    const check = folder.script('check', `test ! -e ${folder.file('broken')}`)
    const block = `vrrp_script chk { script "${check}"\n interval 0.2\n fall 2\n rise 2\n }`
    a.configure(tracking(100, 'track_script { chk }', block))
    b.configure(instance(50))
    await routers.settle()
    folder.write('broken', '')
    await a.says(/VRRP_Script\(chk\) failed \(exited with status 1\)[\s\S]*entering FAULT state due to script chk/)
    await routers.onlyOn(b)
    rmSync(folder.file('broken'))
    await routers.onlyOn(a)
    assert.match(a.log, /VRRP_Script\(chk\) succeeded/)
  })

  test('a file and a weight change the priority at once', async () => {
    await using routers = new Routers('file')
    using folder = new Folder()
    const { a, b } = routers
    const path = folder.write('number', '0\n')
    a.configure(tracking(100, 'track_file { load }', `track_file load { file ${path}\n weight -1\n }`))
    b.configure(instance(50))
    await routers.settle()
    folder.write('number', '70\n')
    await a.says(/Changing effective priority from 100 to 30/)
    await routers.onlyOn(b)
    folder.write('number', '0\n')
    await routers.onlyOn(a)
  })

  test('the watchdog: a process that dies is restarted; it stays dead and the address goes; it is back and so is the address', async () => {
    await using routers = new Routers('watchdog')
    using folder = new Folder()
    const { a, b } = routers
    const name = `httpd${process.pid}`
    folder.write('serve', `#!/bin/bash\nexec -a ${name} sleep 1000\n`, 0o755)
    // It comes back by itself unless the machine is broken; it tells its number so that it can be killed.
    const restart = folder.script(
      'restart',
      `echo restart >> ${folder.file('restarts')}\ntest -e ${folder.file('broken')} && exit 1\n${folder.file('serve')} &\necho $! > ${folder.file('pid')}`,
    )
    const kill = () => process.kill(Number(folder.lines('pid')[0]), 'SIGKILL')
    const block = `vrrp_track_process web { process ${name}\n weight 0\n restart "${restart}"\n restart_grace 1.5\n }`
    a.configure(tracking(100, 'track_process { web }', block))
    b.configure(instance(50))
    try {
      await routers.settle()
      assert.deepEqual(folder.lines('restarts'), ['restart'])
      rmSync(folder.file('pid'))
      process.kill(pidOf(name), 'SIGKILL')
      await until(
        () => existsSync(folder.file('pid')),
        'it is restarted',
        () => a.log,
      )
      await a.says(/changed from 0 to 1, quorum up[\s\S]*changed from 1 to 0[\s\S]*changed from 0 to 1/)
      assert.doesNotMatch(a.log, /tracked process web quorum not achieved\)[\s\S]*Entering MASTER[\s\S]*FAULT/)
      await routers.onlyOn(a)
      folder.write('broken', '')
      kill()
      await routers.onlyOn(b)
      await a.says(/entering FAULT state \(tracked process web quorum not achieved\)/)
      rmSync(folder.file('broken'))
      await routers.onlyOn(a)
    } finally {
      kill()
    }
  })

  test('another interface that goes down is a fault', async () => {
    await using routers = new Routers('interface')
    const { a, b } = routers
    a.configure(tracking(100, 'track_interface { lo }'))
    b.configure(instance(50))
    await routers.settle()
    a.link('lo', false)
    await a.says(/\(VI_1\): entering FAULT state \(interface lo down\)/)
    await routers.onlyOn(b)
    a.link('lo', true)
    await routers.onlyOn(a)
  })

  test('notify scripts and the pipe hear of every change, in order, with the words of keepalived', async () => {
    await using routers = new Routers('notify')
    using folder = new Folder()
    const { a } = routers
    const told = folder.file('told')
    const own = folder.script('own', `echo own "$@" >> ${told}`)
    const any = folder.script('any', `sleep 0.3\necho any "$@" >> ${told}`)
    const reader = folder.script('reader', `exec cat "$1" >> ${folder.file('lines')}`)
    const global = `vrrp_notify_fifo ${folder.file('pipe')}\nvrrp_notify_fifo_script ${reader}\nstartup_script ${folder.script('up', `echo startup >> ${told}`)}\nshutdown_script ${folder.script('down', `echo shutdown >> ${told}`)}`
    a.configure(
      tracking(100, `notify_master "${own} 'two words' three"\nnotify_stop "${own} stop"\nnotify ${any}`, '', global),
    )
    a.runSluice()
    await a.says(/Entering MASTER STATE/)
    await until(
      () => folder.lines('told').length === 4,
      'all are told',
      () => folder.lines('told').join(),
    )
    assert.equal(await a.end(), 0)
    await until(
      () => folder.lines('told').length === 7,
      'all are told',
      () => `${folder.lines('told').join()}\n${a.log}`,
    )
    const lines = [...folder.lines('told')].sort()
    assert.deepEqual(lines, [
      'any INSTANCE VI_1 BACKUP 100',
      'any INSTANCE VI_1 MASTER 100',
      'any INSTANCE VI_1 STOP 100',
      'own stop',
      'own two words three',
      'shutdown',
      'startup',
    ])
    assert.equal(folder.lines('told')[0], 'startup')
    const piped = ['INSTANCE "VI_1" BACKUP 100', 'INSTANCE "VI_1" MASTER 100', 'INSTANCE "VI_1" STOP 100']
    await until(
      () => folder.lines('lines').join() === piped.join(),
      'the pipe has been read',
      () => folder.lines('lines').join(),
    )
    assert.equal(existsSync(folder.file('pipe')), false)
  })
})

/** The process of that name. */
function pidOf(name: string): number {
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${name}\0`)) return pid
    } catch {
      // It is gone already.
    }
  }
  throw new Error(`no process is called ${name}`)
}
