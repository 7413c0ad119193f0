package ssd1306

import (
	_ "embed"
	"strings"
	"unicode"
)

// fontText has a glyph after each character: seven rows of five dots.
//
//go:embed font.txt
var fontText string

// Glyph is a character as five columns of seven dots, the lowest bit on top.
type Glyph [5]byte

var font = readFont(fontText)

func readFont(text string) map[rune]Glyph {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	all := make(map[rune]Glyph, len(lines)/8)
	for ; len(lines) >= 8; lines = lines[8:] {
		var g Glyph
		for y, row := range lines[1:8] {
			for x := range g {
				if row[x] == 'o' {
					g[x] |= 1 << y
				}
			}
		}
		all[rune(lines[0][0])] = g
	}
	return all
}

// unknown stands for what the font lacks.
var unknown = Glyph{0x7f, 0x41, 0x41, 0x41, 0x7f}

// GlyphOf returns the glyph of a character: capitals for letters of either case,
// a box for what the font lacks.
func GlyphOf(r rune) Glyph {
	if r == ' ' {
		return Glyph{}
	}
	if g, ok := font[unicode.ToUpper(r)]; ok {
		return g
	}
	return unknown
}

// Read returns the character of a glyph, capital for letters, or a replacement
// character for dots that are none.
func (g Glyph) Read() rune {
	if g == (Glyph{}) {
		return ' '
	}
	for r, known := range font {
		if g == known {
			return r
		}
	}
	return unicode.ReplacementChar
}
