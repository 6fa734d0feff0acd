// Preloaded into a process whose memory a test watches, and started with --expose-gc: on request it collects what can be
// collected, and says what is left. It does not keep the process alive.
process.on('message', (message) => {
  if (message !== 'memory') return;
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heap: heapUsed, external });
});
process.channel?.unref();
