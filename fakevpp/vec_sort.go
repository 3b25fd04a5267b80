package fakevpp

// vecCompare is vec_cmp (src/vppinfra/vec.h). Of two names that start alike
// each comes behind the other: the difference of their lengths is unsigned.
func vecCompare(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	if n > 0 && len(a) != len(b) {
		return 1
	}
	return 0
}

// vecSort is the merge sort of C's library. What a comparison such as vecCompare
// leaves undecided comes out as there.
func vecSort[T any](list []T, compare func(a, b T) int) {
	if len(list) < 2 {
		return
	}
	half := len(list) / 2
	vecSort(list[:half], compare)
	vecSort(list[half:], compare)
	first, second := append([]T(nil), list[:half]...), list[half:]
	for k := 0; len(first) > 0; k++ {
		if len(second) > 0 && compare(first[0], second[0]) > 0 {
			list[k], second = second[0], second[1:]
		} else {
			list[k], first = first[0], first[1:]
		}
	}
}

// sortByName is vecSort by names.
func sortByName[T any](list []T, name func(T) string) {
	vecSort(list, func(a, b T) int { return vecCompare(name(a), name(b)) })
}
