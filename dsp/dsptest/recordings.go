package dsptest

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
)

// recordingFolders are where Debian's asterisk-core-sounds-*-wav and codec2-examples
// have recorded speech.
var recordingFolders = []string{"/usr/share/asterisk/sounds", "/usr/share/codec2/wav"}

// recordedGap is the silence between two recordings.
const recordedGap = dsp.SampleRate / 2

// Recordings returns recorded speech of people, at least seconds of it if there is
// as much, each recording normalized to level while talking. They come in the order
// of their names. The test is skipped where there are none.
func Recordings(t testing.TB, seconds float64, level dsp.DBm0) []int16 {
	t.Helper()
	var out []int16
	enough := int(seconds * dsp.SampleRate)
	for _, folder := range recordingFolders {
		_ = filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".wav") || strings.HasPrefix(filepath.Base(path), "silence") {
				return nil //nolint:nilerr // a folder that is not there has no recordings
			}
			if len(out) >= enough {
				return fs.SkipAll
			}
			x := ReadWAV(t, path)
			normalize(x, level)
			out = append(append(out, x...), make([]int16, recordedGap)...)
			return nil
		})
	}
	if len(out) == 0 {
		t.Skip("asterisk-core-sounds-en-wav and codec2-examples, which have recorded speech, are not installed")
	}
	return out
}
