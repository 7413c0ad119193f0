package privacy

import "fmt"

// Level is how much may leave; each includes those below.
type Level uint8

// Levels.
const (
	Necessary   Level = iota // nothing but that consent was given or ended
	Operational              // model, versions, state of configuration, network and registration
	Quality                  // quality of calls and of the radio
	Diagnostics              // crash reports, logs without names and numbers
	Tracing                  // messages and packet headers, on request and for a limited time
	levels      int   = iota
)

var levelNames = [levels]string{"necessary", "operational", "quality", "diagnostics", "tracing"}

// String returns the name of the level.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// Valid reports whether the level is one of those above.
func (l Level) Valid() bool { return int(l) < levels }
