package line_test

import (
	"fmt"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/line/script"
)

// A call is a text: events at the margin, what they cause indented.
func Example() {
	const text = `
+0s service up
+1s hook off
+1s keys 5551234
+2s progress 101 ringing
+5s answered 101
+1m released 101 silence
+10s hook on
+1s wait
`
	s, err := script.Parse(text)
	if err != nil {
		fmt.Println(err)
		return
	}
	us, _ := country.Lookup("US")
	plan := dialplan.MustParse("(xxxxxxx)", dialplan.Sipura).WithEmergency(us.Emergency...)
	played := script.Run(s, func(port line.Port) script.Machine {
		return line.New(port, us, plan, line.Settings{})
	})
	fmt.Print(played.Format())
	// Output:
	// +0s service up
	// +1s hook off
	// 	play dial
	// +1s keys 5551234
	// 	play silence
	// 	+600ms dial 101 "5551234"
	// +2s progress 101 ringing
	// 	play ringback
	// +5s answered 101
	// 	play silence
	// 	connect 101
	// +1m0s released 101 silence
	// 	connect 0
	// 	feed open
	// +600ms timer
	// 	feed forward
	// +4.4s timer
	// 	play reorder
	// +5s hook on
	// +920ms timer
	// 	play silence
	// +80ms wait
}
