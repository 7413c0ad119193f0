package profile

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"

	"github.com/ata-agent/ata-agent/provision/cisco"
	"github.com/ata-agent/ata-agent/provision/rule"
)

// element is a name of a parameter as a file has it.
var element = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// flatProfile writes assignments as the file that would set the same. A rule has
// the line in brackets, User_ID[1], where a file has User_ID_1_.
func flatProfile(list []rule.Assignment) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%s>", cisco.Root)
	for _, a := range list {
		name := strings.NewReplacer("[", "_", "]", "_").Replace(a.Name)
		if !element.MatchString(name) {
			continue
		}
		fmt.Fprintf(&b, "<%s>", name)
		_ = xml.EscapeText(&b, []byte(a.Value)) // a buffer takes everything
		fmt.Fprintf(&b, "</%s>", name)
	}
	fmt.Fprintf(&b, "</%s>", cisco.Root)
	return b.Bytes()
}
