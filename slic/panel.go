package slic

// Panel is a Line whose telephone shows more than a bell can tell: a display, a
// message lamp. Show may be called from any goroutine and returns at once; the
// last Screen counts.
type Panel interface {
	Line
	Show(Screen)
}

// Screen is what there is to show. The zero value is an idle telephone.
type Screen struct {
	Status   string // in a word or two, such as "Calling"; empty when idle
	Number   string // of the other end, or the keys dialed so far
	Name     string // of the other end
	Messages bool   // messages wait
}
