package callerid

import "strings"

// Text returns a name as a telephone shows it: printable ASCII of at most so
// many characters. Latin letters lose their marks, ligatures come apart, typographic
// signs become plain ones; everything else, control codes above all, is left
// out. White space is a single blank between words and nowhere else.
func Text(name string, most int) string {
	var b strings.Builder
	space := false
	for _, r := range name {
		s := plain(r)
		if s == " " || r == '\t' || r == '\n' || r == '\r' {
			space = b.Len() > 0
			continue
		}
		if s == "" {
			continue
		}
		if space {
			s = " " + s
			space = false
		}
		b.WriteString(s)
		if b.Len() >= most {
			return strings.TrimRight(b.String()[:max(most, 0)], " ")
		}
	}
	return b.String()
}

// plain returns what stands for a character in ASCII, "" if nothing does.
func plain(r rune) string {
	if r >= ' ' && r <= '~' {
		return string(r)
	}
	return letters[r]
}

// letters maps characters beyond ASCII.
var letters = spread(map[string]string{
	"A": "ÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶ", "a": "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặª",
	"B": "ḂḄḆ", "b": "ḃḅḇ",
	"C": "ÇĆĈĊČḈ", "c": "çćĉċčḉ¢",
	"D": "ÐĎĐḊḌḎḐḒ", "d": "ðďđḋḍḏḑḓ",
	"E": "ÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆ", "e": "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ",
	"F": "Ḟ", "f": "ḟ",
	"G": "ĜĞĠĢǤǦǴḠ", "g": "ĝğġģǥǧǵḡ",
	"H": "ĤĦȞḢḤḦḨḪ", "h": "ĥħȟḣḥḧḩḫẖ",
	"I": "ÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊ", "i": "ìíîïĩīĭįıǐȉȋḭḯỉị",
	"J": "Ĵ", "j": "ĵǰ",
	"K": "ĶǨḰḲḴ", "k": "ķĸǩḱḳḵ",
	"L": "ĹĻĽĿŁḶḸḺḼ", "l": "ĺļľŀłḷḹḻḽ",
	"M": "ḾṀṂ", "m": "ḿṁṃ",
	"N": "ÑŃŅŇŊǸṄṆṈṊ", "n": "ñńņňŉŋǹṅṇṉṋ",
	"O": "ÒÓÔÕÖØŌŎŐƠǑǪǬǾȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢ", "o": "òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợº",
	"P": "ṔṖ", "p": "ṕṗ",
	"R": "ŔŖŘȐȒṘṚṜṞ", "r": "ŕŗřȑȓṙṛṝṟ",
	"S": "ŚŜŞŠȘṠṢṤṦṨ", "s": "śŝşšșſṡṣṥṧṩ",
	"T": "ŢŤŦȚṪṬṮṰ", "t": "ţťŧțṫṭṯṱẗ",
	"U": "ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ", "u": "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữựµ",
	"V": "ṼṾ", "v": "ṽṿ",
	"W": "ŴẀẂẄẆẈ", "w": "ŵẁẃẅẇẉẘ",
	"X": "ẊẌ", "x": "ẋẍ×",
	"Y": "ÝŶŸȲẎỲỴỶỸ", "y": "ýÿŷȳẏẙỳỵỷỹ",
	"Z": "ŹŻŽẐẒẔƵ", "z": "źżžẑẓẕƶ",
	"AE": "ÆǢǼ", "ae": "æǣǽ", "OE": "Œ", "oe": "œ", "IJ": "Ĳ", "ij": "ĳ",
	"SS": "ẞ", "ss": "ß", "Th": "Þ", "th": "þ",
	" ": "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", "'": "‘’‚‛´ʼ′", `"`: "“”„‟«»″",
	"-": "‐‑‒–—―−", "...": "…", ".": "·•", "!": "¡", "?": "¿", "1": "¹", "2": "²", "3": "³",
})

func spread(groups map[string]string) map[rune]string {
	m := map[rune]string{}
	for ascii, runes := range groups {
		for _, r := range runes {
			m[r] = ascii
		}
	}
	return m
}
