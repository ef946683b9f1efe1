/* A pdh.dll that tells what a script says. The script is a text file, UTF-8, named by WHY503_PDH_SCRIPT:
 *
 *   deny \ASP.NET\Requests Queued            adding this counter is denied
 *   away 2                                   the first two attempts to add a counter of another machine find no machine
 *   collection 1                             what holds from the first collection on, until another such line
 *   \Memory\Available Bytes = 1000           a value
 *   \Memory\Available Bytes ! C0000BBA       no value: its status
 *   \W3SVC_W3WP(7_a)\Active Requests = 3     an instance
 *   \W3SVC_W3WP(*)\Active Requests ! 800007D1   the counter is there, and reading its instances gives this status
 *   collect ! C0000BFE                       the collection fails
 *
 * A counter of which a collection has no line is not there: its object neither, unless another line has it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <pdh.h>

#define MOST 512
#define LENGTH 256
#define NO_OBJECT ((LONG)0xC0000BB8)
#define NO_COUNTER ((LONG)0xC0000BB9)
#define NO_INSTANCE ((LONG)0x800007D1)
#define NO_MACHINE ((LONG)0x800007D0)
#define MORE_DATA ((LONG)0x800007D2)
#define ACCESS_DENIED ((LONG)0xC0000BDB)
#define BAD_ARGUMENT ((LONG)0xC0000BBD)
#define BAD_DATA ((LONG)0xC0000BC6)

struct path { wchar_t object[LENGTH], instance[LENGTH], counter[LENGTH]; };
struct line { int from, is_collect; struct path path; DWORD status; double value; };

static struct line lines[MOST];
static struct path denied[MOST];
static int line_count, denied_count, away, step, is_read;

/* \Object(instance)\Counter: the instance ends at the last ")\". */
static int split(const wchar_t *text, struct path *path)
{
    const wchar_t *open, *close = NULL, *slash, *at;
    memset(path, 0, sizeof *path);
    if (*text++ != L'\\') return 0;
    for (at = text; (at = wcsstr(at, L")\\")) != NULL; at++) close = at;
    open = wcschr(text, L'(');
    slash = wcschr(text, L'\\');
    if (open && close && open < close) {
        wcsncpy(path->object, text, open - text);
        wcsncpy(path->instance, open + 1, close - open - 1);
        wcsncpy(path->counter, close + 2, LENGTH - 1);
        return 1;
    }
    if (!slash) return 0;
    wcsncpy(path->object, text, slash - text);
    wcsncpy(path->counter, slash + 1, LENGTH - 1);
    return 1;
}

static void take(wchar_t *text, int *from)
{
    struct line *line = &lines[line_count];
    wchar_t *sign;
    if (wcsncmp(text, L"collection ", 11) == 0) { *from = _wtoi(text + 11); return; }
    if (wcsncmp(text, L"away ", 5) == 0) { away = _wtoi(text + 5); return; }
    if (wcsncmp(text, L"deny ", 5) == 0) { if (denied_count < MOST && split(text + 5, &denied[denied_count])) denied_count++; return; }
    for (sign = text + wcslen(text); sign > text && wcsncmp(sign, L" = ", 3) && wcsncmp(sign, L" ! ", 3); sign--) {}
    if (sign == text || line_count == MOST) return;
    line->from = *from;
    if (sign[1] == L'!') line->status = wcstoul(sign + 3, NULL, 16);
    else line->value = wcstod(sign + 3, NULL);
    *sign = 0;
    line->is_collect = wcscmp(text, L"collect") == 0;
    if (line->is_collect || split(text, &line->path)) line_count++;
}

static void read_script(void)
{
    const char *name = getenv("WHY503_PDH_SCRIPT");
    char bytes[1024];
    wchar_t text[1024];
    int from = 1;
    FILE *file = name && !is_read ? fopen(name, "rb") : NULL;
    is_read = 1;
    if (!file) return;
    while (fgets(bytes, sizeof bytes, file)) {
        bytes[strcspn(bytes, "\r\n")] = 0;
        if (MultiByteToWideChar(CP_UTF8, 0, bytes, -1, text, 1024) > 0) take(text, &from);
    }
    fclose(file);
}

/* The collection that holds at a step: the last that began. */
static int held(int at)
{
    int i, from = 0;
    for (i = 0; i < line_count; i++) if (lines[i].from <= at && lines[i].from > from) from = lines[i].from;
    return from;
}

static int same(const struct path *a, const struct path *b) { return !_wcsicmp(a->object, b->object) && !_wcsicmp(a->counter, b->counter); }

/* What there is of a counter at a step. */
static LONG present(const struct path *path, int at)
{
    int i, from = held(at);
    LONG found = NO_OBJECT;
    for (i = 0; i < line_count; i++) {
        if (lines[i].from != from || lines[i].is_collect) continue;
        if (same(&lines[i].path, path)) return 0;
        if (!_wcsicmp(lines[i].path.object, path->object)) found = NO_COUNTER;
    }
    return found;
}

__declspec(dllexport) LONG WINAPI PdhOpenQueryW(LPCWSTR source, DWORD_PTR data, HANDLE *query)
{
    read_script();
    *query = malloc(1);
    return 0;
}

__declspec(dllexport) LONG WINAPI PdhCloseQuery(HANDLE query) { free(query); return 0; }

__declspec(dllexport) LONG WINAPI PdhAddEnglishCounterW(HANDLE query, LPCWSTR text, DWORD_PTR data, HANDLE *counter)
{
    struct path path;
    LONG found;
    int i;
    if (text[0] == L'\\' && text[1] == L'\\') {
        if (away > 0) { away--; return NO_MACHINE; }
        text = wcschr(text + 2, L'\\');
    }
    if (!text || !split(text, &path)) return BAD_ARGUMENT;
    for (i = 0; i < denied_count; i++) if (same(&denied[i], &path)) return ACCESS_DENIED;
    if ((found = present(&path, step + 1)) != 0) return found;
    *counter = malloc(sizeof path);
    memcpy(*counter, &path, sizeof path);
    return 0;
}

__declspec(dllexport) LONG WINAPI PdhRemoveCounter(HANDLE counter) { free(counter); return 0; }

__declspec(dllexport) LONG WINAPI PdhCollectQueryData(HANDLE query)
{
    int i, from = held(++step);
    for (i = 0; i < line_count; i++) if (lines[i].from == from && lines[i].is_collect) return lines[i].status;
    return 0;
}

__declspec(dllexport) LONG WINAPI PdhGetFormattedCounterValue(HANDLE counter, DWORD format, LPDWORD type, PDH_FMT_COUNTERVALUE *value)
{
    LONG found = present(counter, step);
    int i, from = held(step);
    memset(value, 0xCC, sizeof *value);
    value->CStatus = found;
    if (found) return BAD_DATA;
    for (i = 0; i < line_count; i++) {
        if (lines[i].from != from || lines[i].is_collect || !same(&lines[i].path, counter)) continue;
        value->CStatus = lines[i].status;
        value->doubleValue = lines[i].value;
        return lines[i].status ? BAD_DATA : 0;
    }
    return BAD_DATA;
}

__declspec(dllexport) LONG WINAPI PdhGetFormattedCounterArrayW(HANDLE counter, DWORD format, LPDWORD size, LPDWORD count, PDH_FMT_COUNTERVALUE_ITEM_W *items)
{
    LONG found = present(counter, step);
    int i, from = held(step), n = 0;
    DWORD needed = 0;
    wchar_t *names;
    if (found) return found;
    for (i = 0; i < line_count; i++) {
        if (lines[i].from != from || lines[i].is_collect || !same(&lines[i].path, counter)) continue;
        if (!wcscmp(lines[i].path.instance, L"*")) return lines[i].status;
        n++;
        needed += sizeof *items + (wcslen(lines[i].path.instance) + 1) * sizeof(wchar_t);
    }
    if (*size < needed) {
        LONG status = *size ? BAD_ARGUMENT : MORE_DATA;
        *size = *size ? 0xCCCCCCCC : needed;
        return status;
    }
    *size = needed;
    *count = n;
    memset(items, 0xCC, needed);
    names = (wchar_t *)(items + n);
    for (i = 0, n = 0; i < line_count; i++) {
        if (lines[i].from != from || lines[i].is_collect || !same(&lines[i].path, counter)) continue;
        wcscpy(names, lines[i].path.instance);
        items[n].szName = names;
        items[n].FmtValue.CStatus = lines[i].status;
        items[n++].FmtValue.doubleValue = lines[i].value;
        names += wcslen(names) + 1;
    }
    return 0;
}

__declspec(dllexport) LONG WINAPI PdhEnumObjectsW(LPCWSTR source, LPCWSTR machine, LPWSTR list, LPDWORD size, DWORD detail, BOOL refresh)
{
    *size = 1;
    return MORE_DATA;
}
