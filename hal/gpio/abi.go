package gpio

// The structures of version 2 of the GPIO character device, <linux/gpio.h>. All
// fields are aligned by hand, so their layout is the same on 32 and 64 bits.

const (
	nameSize = 32
	maxLines = 64
	maxAttrs = 10
	// eventBytes is the size of struct gpio_v2_line_event: the time in
	// nanoseconds of CLOCK_MONOTONIC, 64 bits, the kind of edge, the line's
	// offset and two sequence numbers, and padding.
	eventBytes = 48
)

type chipInfo struct {
	name, label [nameSize]byte
	lines       uint32
}

// lineAttr is one attribute of a line; value is flags, levels or a period in
// microseconds, as id says.
type lineAttr struct {
	id, _ uint32
	value uint64
}

type configAttr struct {
	attr lineAttr
	mask uint64 // lines of the request it applies to
}

type lineConfig struct {
	flags uint64
	count uint32 // of attrs in use
	_     [5]uint32
	attrs [maxAttrs]configAttr
}

type lineRequest struct {
	offsets  [maxLines]uint32
	consumer [nameSize]byte
	config   lineConfig
	lines    uint32
	queue    uint32 // events the kernel keeps
	_        [5]uint32
	fd       int32
}

type lineInfo struct {
	name, consumer [nameSize]byte
	offset, count  uint32
	flags          uint64
	attrs          [maxAttrs]lineAttr
	_              [4]uint32
}

type lineValues struct{ bits, mask uint64 }

// ioctl numbers: direction, size and number below type 0xB4.
const (
	getChipInfo = 0x8044B401
	getLineInfo = 0xC100B405
	getLine     = 0xC250B407
	setConfig   = 0xC110B40D
	getValues   = 0xC010B40E
	setValues   = 0xC010B40F
)

// Flags of a line.
const (
	flagUsed = 1 << iota
	flagActiveLow
	flagInput
	flagOutput
	flagRising
	flagFalling
	flagOpenDrain
	flagOpenSource
	flagPullUp
	flagPullDown
	flagNoBias
)

const attrOutputValues = 2

const (
	eventRising  = 1
	eventFalling = 2
)
