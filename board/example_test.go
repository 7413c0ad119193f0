package board_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/board"
)

// A mistake in a board file is named with its place and what would be legal.
func ExampleParse() {
	_, err := board.Parse("my-board.json", []byte(`{
	"id": "my-board",
	"clock": {"bclk_hz": 320000},
	"lines": [
		{"slic": "si3210", "spi": {"port": "/dev/spidev0.0", "mode": 0}, "gpio": {"reset": "GPIO24"}}
	]
}`))
	fmt.Println(err)
	// Output:
	// my-board.json:3:23: /clock/bclk_hz: 320000 is not a PCM clock of the si3210, allowed: 256000, 512000, 768000, 1024000, 1536000, 2048000, 4096000, 8192000
	// my-board.json:5:64: /lines/0/spi/mode: 0 is not a mode of the si3210, allowed: 3
}
