// Package gpio drives lines of the kernel's GPIO character device. A [Line]
// implements periph's gpio.PinIO, and hal.EdgePin for inputs.
//
// It differs from periph's own driver of that device where telephone hardware
// needs it:
//
//   - A line is asked for together with its first value, in one call, so that
//     an active-low reset or a relay does not see a glitch.
//   - An output is never read back: the kernel is told once what to drive, and
//     Read answers from memory.
//   - Edges carry the time at which the kernel saw them, not the time at which
//     the program noticed, and a wait ends with its context.
//   - Debouncing works on those times and reports the first edge of a burst.
//     The kernel's own debouncing reports the end of it.
//   - Every line has one owner. The kernel enforces that between programs,
//     [Chips] within this one.
//
// Nothing is driven and no interrupt is enabled before the first In or Out.
// Lines need Linux 5.10 or later.
package gpio
