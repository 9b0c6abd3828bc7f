import { Argument, type Command } from 'commander'

/** `sluice completion SHELL`: prints what makes the shell complete our words; nothing of node runs when a key is pressed. */
export function addCompletion(sluice: Command): void {
  sluice
    .command('completion')
    .summary('print the completion for a shell')
    .description('Print the completion for a shell: add  source <(sluice completion bash)  to ~/.bashrc.')
    .addArgument(new Argument('SHELL', 'whose completion').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('./completion-script.ts')
      process.stdout.write(completionScript(shell, sluice))
    })
}
