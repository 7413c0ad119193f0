package sim_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/sim"
)

var update = flag.Bool("update", false, "rewrite docs/telephones.md")

const telephonesHead = `# Telephones of a virtual board

` + "`ata-agent phone N ACTION…`" + ` works telephone N of a virtual board. A sequence of actions is one call:

    ata-agent phone 1 offhook wait tone:dial dial 5551234 wait talk say hello.wav onhook

The telephone knows only what its two wires tell it. It measures ringing as a voltage, finds the frequencies of
what it hears and names the country's tones from their rhythm; none of this is the agent's own code. Its time is the
board's: a pause of a second is 8000 samples.

On ` + "`virtual-handset`" + ` there are no wires: who uses the telephone presses keys, hears the earpiece and the loudspeaker, and sees
the message lamp. ` + "`wait ringing`" + ` comes 50 ms into a burst. ` + "`pulse`" + `, ` + "`fault`" + `, ` + "`wait cpc`" + `, ` + "`wait callerid`" + ` and most of ` + "`set`" + ` are refused
before anything is done; the far end's hang-up shows as ` + "`wait tone:reorder`" + `.

- ` + "`wait ringing`" + ` comes when the bell has begun to sound, 0.15 s into a burst. ` + "`wait silent`" + ` comes, on hook, when the bell
  has paused for a quarter longer than between the bursts before (6.5 s if these are not known), and off hook after half
  a second without any sound that is not the pause of a tone.
- ` + "`wait tone:NAME`" + ` comes as soon as what was heard cannot be another tone of the country: 0.2 s for most, about 1.2 s
  for a dial tone that begins like another one, 5 s at worst for tones that differ in their pauses alone. Tones that sound the same go by any of their names.
- ` + "`wait callerid`" + ` comes when the display has been told who calls since it was last waited for; ` + "`state`" + ` shows number,
  name and time, or P for a number withheld and O for one not known. The telephone decodes data of both modulations and
  keys itself. It answers the alert tone of a call that knocks by key D; one that is made for Japan closes the loop by itself
  to be told. ` + "`wait mwi`" + ` comes when the message lamp is lit. ` + "`set display=off`" + ` is a telephone without all this.
- ` + "`wait talk`" + ` comes when a fifth of the last second was voice.
- ` + "`wait cpc`" + ` comes when the exchange has opened the loop for 60 ms since the handset was lifted.
- ` + "`record`" + ` runs beside the actions that follow, and so does ` + "`say -bg`" + `. Files are WAV, 8000 Hz, 16 bits, one channel.
- ERL is the loss of white noise through the echo path.

Actions:

`

// The document lists every action as the program explains it.
func TestTelephonesDocument(t *testing.T) {
	path := filepath.Join("..", "docs", "telephones.md")
	want := telephonesHead + "    " + strings.TrimRight(strings.ReplaceAll(sim.Verbs(), "\n", "\n    "), " ")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/telephones.md is not what the program says: run go test ./sim -run Document -update")
	}
}
