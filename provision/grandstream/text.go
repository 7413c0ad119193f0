package grandstream

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

// assignment is a line of the text form: P271 = 1.
var assignment = regexp.MustCompile(`^(\s*)(P[0-9]{1,6})\s*=(.*)$`)

// IsText says whether a file has the text form: its first line that is neither
// empty nor a comment sets a P value.
func IsText(data []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' {
			return assignment.Match(line)
		}
	}
	return false
}

// readText reads the text form: a P value a line, comments after #.
func readText(f foreign.File) ([]foreign.Entry, []foreign.Finding, error) {
	if len(f.Data) > foreign.MaxSize {
		return nil, nil, &foreign.Error{File: f.Name, Line: 1, Column: 1, Text: fmt.Sprintf("larger than %d bytes", foreign.MaxSize)}
	}
	var entries []foreign.Entry
	var findings []foreign.Finding
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(strings.ToValidUTF8(string(f.Data), "�"), "\ufeff")) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if t := strings.TrimSpace(line); t == "" || t[0] == '#' {
			continue
		}
		m := assignment.FindStringSubmatch(line)
		if m == nil {
			findings = append(findings, foreign.Finding{File: f.Name, Line: number, Column: 1, Severity: foreign.Invalid, Message: "not a P value, as P271 = 1"})
			continue
		}
		entries = append(entries, foreign.Entry{
			Name: m[2], Value: strings.TrimSpace(m[3]), Group: "config", File: f.Name, Line: number, Column: len(m[1]) + 1,
		})
	}
	return entries, findings, nil
}
